#!/usr/bin/python
"""Ansible module: images as ZFS datasets."""

from __future__ import annotations

DOCUMENTATION = r"""
module: image
short_description: Images as ZFS datasets
version_added: 1.0.0
description:
  - Sees to it that images are on a pool, in their newest version if so wished, or are not there, by C(imgadm) on the host.
  - What an image builds on comes along.
author:
  - the authors of imgadm
attributes:
  check_mode:
    support: full
    description: Asks the sources what would come. Nothing is changed.
  diff_mode:
    support: full
    description: Lists the images that come or go.
options:
  name:
    description:
      - A UUID, C(NAME), C(NAME@VERSION), a docker reference (C(debian:12)), C(oci:REFERENCE), a URL or a path on the host.
      - URLs, paths and C(oci:) do not go with O(state=absent).
    type: list
    elements: str
    required: true
    aliases: [uuid, image]
  state:
    description:
      - V(present) does nothing if an image of that name is installed, in whatever version.
      - V(latest) asks the sources, and imports what they have under that name now. Older versions stay.
      - V(absent) deletes the image. One that something is a clone of stays, and is an error.
    type: str
    choices: [present, latest, absent]
    default: present
  pool:
    description: The zpool. C(zones), or what E(IMGADM_POOL) says, if not given.
    type: str
  source:
    description: Sources to ask instead of those that are configured, in this order.
    type: list
    elements: str
    default: []
  token_file:
    description:
      - The path on the host of a file that only its owner reads, with a token for the image server that O(source) names, or that is
        configured.
    type: path
    version_added: 1.1.0
  channel:
    description: The channel of all sources.
    type: str
  type:
    description: Of the images of a name, one of this type; V(zvol) for the disk of a virtual machine.
    type: str
  platform:
    description: What an image of a registry is to run on, as C(linux/arm64).
    type: str
  checksum:
    description: What the file of a URL or path must be, as C(sha256:DIGITS).
    type: str
  fields:
    description: Fields of the manifest, of an image made of a file. A key may be a dotted path.
    type: dict
    default: {}
  force:
    description: With O(state=absent), delete also what may be no image.
    type: bool
    default: false
  executable:
    description: The path of C(imgadm), if it is not on the usual ones.
    type: path
seealso:
  - module: imgadm.imgadm.source
"""

EXAMPLES = r"""
- name: A base image, in whatever version
  imgadm.imgadm.image:
    name: base-64-lts

- name: The newest of it, on another pool
  imgadm.imgadm.image:
    name: base-64-lts
    state: latest
    pool: data

- name: Docker images
  imgadm.imgadm.image:
    name: [debian:12, ghcr.io/example/app:1.0]

- name: A disk from a URL
  imgadm.imgadm.image:
    name: https://cloud.example.org/debian-13-genericcloud-amd64.qcow2
    checksum: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    fields:
      name: debian-13
      tags.team: web

- name: An old image goes
  imgadm.imgadm.image:
    name: base-64-lts@23.4.0
    state: absent
"""

RETURN = r"""
images:
  description: What was done to which image, as C(imgadm -j) tells it (docs/programs.md); in check mode, what would be done.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: V(imported), V(present), V(deleted), V(untagged) or V(kept).
      type: str
    uuid:
      description: The image's UUID.
      type: str
    name:
      description: Its name.
      type: str
    version:
      description: Its version.
      type: str
    reference:
      description: What docker calls it, of a docker image.
      type: str
    zpool:
      description: The pool.
      type: str
    source:
      description: Where it is from.
      type: str
    requested:
      description: Whether it was named, and did not come along as the origin of another.
      type: bool
    bytes:
      description: Of its file; what came free, of one that was deleted.
      type: int
bytes:
  description: The sum over what was changed.
  returned: always
  type: int
code:
  description: The stable code of imgadm's error (docs/errors.md).
  returned: failure
  type: str
"""

import json

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.imgadm.imgadm.plugins.module_utils.imgadm import Imgadm


def is_file(name):
    """It is made of a file, of which only an import tells what image it becomes."""
    return "://" in name or name.startswith(("/", "./", "../", "oci:"))


def called(row):
    """What people call an image; a layer of a docker image has no better name than that of its manifest."""
    return row.get("reference") or f"{row.get('name', '?')}@{row.get('version', '?')}"


class Images:
    def __init__(self, module):
        self.module = module
        self.params = module.params
        self.imgadm = Imgadm(module)
        self.images = []
        self.changed = False
        self.bytes = 0

    @property
    def pool(self):
        return ["-P", self.params["pool"]] if self.params["pool"] else []

    def installed(self, name):
        """The images on the pool that a name fits; of several, one stands for them."""
        code, value = self.imgadm.code("get", *self.pool, "--", name)
        if code is None:
            return value
        if code == "AmbiguousName":
            return {"manifest": {"name": name}, "zpool": self.params["pool"]}
        if code in ("ImageNotInstalled", "InvalidUUID"):
            return None
        self.imgadm.fail(f"imgadm get {name}: {code}", code=code)

    @staticmethod
    def row(action, installed):
        manifest = installed["manifest"]
        row = {"action": action, "requested": True, "zpool": installed["zpool"], "source": installed.get("source")}
        row.update({key: manifest.get(key) for key in ("uuid", "name", "version", "type")})
        row["reference"] = next(iter(installed.get("references", [])), None)
        return {key: value for key, value in row.items() if value is not None}

    def take(self, *words):
        status, answer = self.imgadm.answer(*words)
        self.images += answer["images"]
        self.changed = self.changed or answer["changed"]
        self.bytes += answer["bytes"]
        return status, answer

    def present(self, name):
        if self.params["state"] == "present" and not is_file(name):
            there = self.installed(name)
            if there is not None:
                self.images.append(self.row("present", there))
                return
        words = ["import", "-q", "-j", *self.pool]
        if self.module.check_mode:
            words.append("-n")
        for url in self.params["source"]:
            words += ["-S", url]
        for option, key in (("-C", "channel"), ("--type", "type"), ("--platform", "platform"), ("--checksum", "checksum"),
                            ("--token-file", "token_file")):
            if self.params[key]:
                words += [option, self.params[key]]
        fields = [f"{key}={value if isinstance(value, str) else json.dumps(value)}"
                  for key, value in self.params["fields"].items()]
        status, answer = self.take(*words, "--", name, *fields)
        self.imgadm.check(answer, status)

    def absent(self, name):
        if is_file(name):
            self.imgadm.fail(f"\"{name}\" names a file, not an image that is installed", code="Usage")
        if self.module.check_mode:
            there = self.installed(name)
            if there is not None:
                self.images.append(self.row("deleted", there))
                self.changed = True
            return
        words = ["delete", "-j", *self.pool] + (["-f"] if self.params["force"] else [])
        status, answer = self.take(*words, "--", name)
        if answer.get("error", {}).get("code") in ("ImageNotInstalled", "InvalidUUID"):
            return
        self.imgadm.check(answer, status)

    def diff(self):
        def text(actions):
            rows = [row for row in self.images if row["action"] in actions]
            return "".join(
                f"{row.get('zpool', '?')}/{row.get('uuid', '(its UUID follows from its file)')} {called(row)}\n"
                for row in rows)
        stays = ("present", "kept", "untagged")
        return {"before": text(stays + ("deleted",)), "after": text(stays + ("imported",))}


def main():
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "list", "elements": "str", "required": True, "aliases": ["uuid", "image"]},
            "state": {"choices": ["present", "latest", "absent"], "default": "present"},
            "pool": {},
            "source": {"type": "list", "elements": "str", "default": []},
            "token_file": {"type": "path"},
            "channel": {},
            "type": {},
            "platform": {},
            "checksum": {},
            "fields": {"type": "dict", "default": {}},
            "force": {"type": "bool", "default": False},
            "executable": {"type": "path"},
        },
        supports_check_mode=True,
    )
    images = Images(module)
    for name in module.params["name"]:
        if module.params["state"] == "absent":
            images.absent(name)
        else:
            images.present(name)
    module.exit_json(changed=images.changed, images=images.images, bytes=images.bytes, diff=images.diff())


if __name__ == "__main__":
    main()
