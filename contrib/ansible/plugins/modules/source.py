#!/usr/bin/python
"""Ansible module: the sources that images come from."""

from __future__ import annotations

DOCUMENTATION = r"""
module: source
short_description: The sources that images come from
version_added: 1.0.0
description:
  - Sees to it that an image source is configured, or is not, by C(imgadm sources) on the host.
author:
  - the authors of imgadm
attributes:
  check_mode:
    support: full
    description: Nothing is changed, and no source is asked.
  diff_mode:
    support: full
    description: Lists the sources before and after.
options:
  url:
    description: The URL of the source. C(?channel=NAME) selects a channel; another channel is another source.
    type: str
    required: true
  state:
    description: Whether it is configured.
    type: str
    choices: [present, absent]
    default: present
  type:
    description: What it is, as C(imgadm sources -t) has it. If not given, V(oci) of a URL that begins with C(oci://), and V(imgapi) of others.
    type: str
  insecure:
    description: Its certificate is not checked.
    type: bool
    default: false
  token_file:
    description:
      - The path on the host of a file that only its owner reads, with the token that the image server is shown. It must be there.
      - Not given, a source that is configured keeps the one that it has.
    type: path
    version_added: 1.1.0
  force:
    description: Add it without asking it first.
    type: bool
    default: false
  executable:
    description: The path of C(imgadm), if it is not on the usual ones.
    type: path
seealso:
  - module: imgadm.imgadm.image
"""

EXAMPLES = r"""
- name: Our own images
  imgadm.imgadm.source:
    url: https://images.example.com

- name: Those of our private server, which knows this host by a token
  imgadm.imgadm.source:
    url: https://private.example.com
    token_file: /etc/imgadm/private.token

- name: Docker Hub
  imgadm.imgadm.source:
    url: https://docker.io
    type: docker

- name: Images that a registry keeps
  imgadm.imgadm.source:
    url: oci://ghcr.io/acme/images

- name: No more those of SmartOS
  imgadm.imgadm.source:
    url: https://images.smartos.org
    state: absent
"""

RETURN = r"""
sources:
  description: The sources, as C(imgadm sources -j) tells them; in check mode, as they would be.
  returned: always
  type: list
  elements: dict
  contains:
    url:
      description: Its URL.
      type: str
    type:
      description: What it is.
      type: str
    channel:
      description: Its channel.
      returned: if it has one
      type: str
"""

import re

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.imgadm.imgadm.plugins.module_utils.imgadm import Imgadm

PORTS = {"http": "80", "https": "443", "oci": "443"}


def told_type(url, type=None):
    """The type of a source, as imgadm has it where none is given."""
    return type or ("oci" if url.lower().startswith("oci://") else "imgapi")


def plain(url, type):
    """A URL in the form in which two are the same source, and its channel."""
    url, _, query = url.partition("#")[0].partition("?")
    if "://" not in url:
        url = f"{'oci' if type == 'oci' else 'http'}://{url}"
    scheme, _, rest = url.rstrip("/").partition("://")
    scheme = scheme.lower()
    if type == "oci" and scheme == "https":
        scheme = "oci"
    host, slash, path = rest.partition("/")
    host = host.lower()
    default = PORTS.get(scheme)
    if default:
        host = re.sub(f":{default}$", "", host)
    channel = re.search(r"(?:^|&)channel=([^&]*)", query)
    return f"{scheme}://{host}{slash}{path}", channel.group(1) or None if channel else None


def place(source):
    """Where a source is, and which of its channels it is."""
    base, channel = plain(source["url"], source["type"])
    return base, source.get("channel", channel)


def same(source, new, token_file):
    def known(each):
        return (*place(each), each["type"], bool(each.get("insecure")))
    return known(source) == known(new) and token_file in (None, source.get("tokenFile"))


def lines(sources):
    return "".join(
        f"{each['url']}{'?channel=' + each['channel'] if each.get('channel') else ''} {each['type']}"
        f"{' insecure' if each.get('insecure') else ''}"
        f"{' token-file=' + each['tokenFile'] if each.get('tokenFile') else ''}\n" for each in sources)


def main():
    module = AnsibleModule(
        argument_spec={
            "url": {"required": True},
            "state": {"choices": ["present", "absent"], "default": "present"},
            "type": {},
            "insecure": {"type": "bool", "default": False},
            "token_file": {"type": "path"},
            "force": {"type": "bool", "default": False},
            "executable": {"type": "path"},
        },
        supports_check_mode=True,
    )
    imgadm = Imgadm(module)
    params = module.params

    def sources():
        status, value, errors = imgadm.json("sources", "-j")
        if status != 0:
            imgadm.fail(errors.strip(), rc=status)
        return value or []

    before = sources()
    type = told_type(params["url"], params["type"])
    base, channel = plain(params["url"], type)
    if params["state"] == "present":
        new = {"type": type, "url": base}
        if params["insecure"]:
            new["insecure"] = True
        if channel:
            new["channel"] = channel
        if params["token_file"]:
            new["tokenFile"] = params["token_file"]
        change = not any(same(each, new, params["token_file"]) for each in before)
        # One that is there without that token file stays in its place.
        number = next((number for number, each in enumerate(before) if same(each, new, None)), len(before))
        planned = before[:number] + [new] + before[number + 1:]
        words = ["-a", params["url"]] + (["-t", params["type"]] if params["type"] else []) \
            + (["-k"] if params["insecure"] else []) \
            + (["-f"] if params["force"] else []) \
            + (["--token-file", params["token_file"]] if params["token_file"] else [])
    else:
        planned = [each for each in before if place(each) != (base, channel)]
        change = planned != before
        # Without a type, only oci:// tells of a repository that it is one.
        words = ["-d", base if type == "oci" and not channel else params["url"]]
    after = planned if change else before
    if change and not module.check_mode:
        status, _, errors = imgadm.run("sources", *words)
        if status != 0:
            imgadm.fail(errors.strip(), rc=status)
        after = sources()
        change = after != before
    module.exit_json(changed=change, sources=after, diff={"before": lines(before), "after": lines(after)})


if __name__ == "__main__":
    main()
