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
    description:
      - Asks the sources what would come. Nothing is changed.
      - Of what would go, it tells what names, references and clones tell. That an image has datasets or snapshots of somebody, is held or
        in use, only its deletion finds out.
  diff_mode:
    support: full
    description: Lists the images that come or go.
options:
  name:
    description:
      - A UUID, C(NAME), C(NAME@VERSION), a docker reference (C(debian:12)), C(oci:REFERENCE), a URL or a path on the host.
      - URLs, paths and C(oci:) do not go with O(state=absent).
      - A path may begin with C(~), the home of the user who the module runs as.
    type: list
    elements: str
    required: true
    aliases: [uuid, image]
  state:
    description:
      - V(present) does nothing if an image of that name is installed, in whatever version, and of the O(type) and for the
        O(platform) that are given.
      - V(latest) asks the sources, and imports what they have under that name now. Older versions stay.
      - V(absent) deletes the image. One that something is a clone of stays, and is an error. Of a docker image that has other
        references, the one that is named goes, and the image stays.
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
    description:
      - What an image of a registry is to run on, as C(linux/arm64).
      - With a variant, as in C(linux/arm/v7), the registry is asked each time, as an installed image does not tell its own.
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
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.imgadm.imgadm.plugins.module_utils.imgadm import Imgadm


ARCHITECTURES = {
    "x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "i386": "386", "i686": "386", "armhf": "arm/v7", "armel": "arm/v6"}


def is_file(name):
    """It is made of a file, of which only an import tells what image it becomes."""
    return "://" in name or name.startswith(("/", "./", "../", "oci:"))


def expanded(name):
    """A path on the host with its home in place of ~; any other name as it is."""
    return os.path.expanduser(name) if name.startswith("~") else name


def called(row):
    """What people call an image; a layer of a docker image has no better name than that of its manifest."""
    return row.get("reference") or f"{row.get('name', '?')}@{row.get('version', '?')}"


def platform(system, architecture):
    """A platform by the names that registries have for it."""
    architecture = architecture.lower()
    first, slash, variant = architecture.partition("/")
    first = ARCHITECTURES.get(first, first) + slash + variant
    return f"{system.lower()}/{'arm64' if first == 'arm64/v8' else first}"


def is_for(manifest, wanted):
    """An image runs on a platform, as far as its manifest tells: those of registries do, without variants, and no others."""
    system, _, architecture = wanted.partition("/")
    own = manifest.get("tags", {}).get("docker:architecture")
    return own is None or platform(manifest.get("os", ""), own) == platform(system, architecture)


def local(reference):
    """A docker reference as imgadm tells it of what is installed."""
    for prefix in ("docker:", "index.docker.io/", "docker.io/", "library/"):
        if reference.startswith(prefix):
            reference = reference[len(prefix):]
    if "@" in reference:
        repository, _, digest = reference.partition("@")
        head, slash, last = repository.rpartition("/")
        return f"{head}{slash}{last.partition(':')[0]}@{digest}"
    return reference if ":" in reference.rpartition("/")[2] else f"{reference}:latest"


class Images:
    def __init__(self, module):
        self.module = module
        self.params = module.params
        self.imgadm = Imgadm(module)
        self.images = []
        self.changed = False
        self.bytes = 0
        # In check mode, what would be gone by now: datasets, and references by dataset.
        self.gone = set()
        self.untagged = set()

    @property
    def pool(self):
        return ["-P", self.params["pool"]] if self.params["pool"] else []

    def fits(self, name):
        """The images on the pool that a name fits, and the error that they are several."""
        error, image = self.imgadm.ask("get", *self.pool, "--", name)
        if error is None:
            return [image], None
        if error["code"] == "AmbiguousName":
            return self.listed(name), error
        if error["code"] in ("ImageNotInstalled", "InvalidUUID"):
            return [], None
        self.refuse(error)

    def listed(self, name):
        """The images on the pool that a name fits which is not of one alone; none where only imgadm knows."""
        bare = name[len("imgapi:"):] if name.startswith("imgapi:") else name
        plain, _, version = bare.partition("@")
        pool = self.params["pool"] or os.environ.get("IMGADM_POOL") or "zones"
        questions = []
        if not name.startswith("docker:"):
            questions.append([f"name={plain}"] + ([f"version={version}"] if version else []))
        if bare == name:
            questions += [[f"reference={local(name)}"], [f"docker_digests={local(name)}"], [f"uuid=~{bare.lower()}"]]
        for filters in questions:
            error, images = self.imgadm.ask("list", "-j", "-P", pool, "--", *filters)
            if error is not None:
                self.refuse(error)
            if filters[0].startswith("uuid"):
                images = [image for image in images if image["manifest"]["uuid"].startswith(bare.lower())]
            if images:
                # Another may have the name of one as an alias.
                return [image for image in images if image["manifest"].get("name") == plain] or images
        return []

    def check(self, answer, status):
        if answer.get("error") is not None:
            self.refuse(dict(answer["error"], rc=status))

    def refuse(self, error):
        """Fails with an error, and what was done before it, or in check mode would have been."""
        self.imgadm.refuse(error, images=self.images, changed=self.changed)

    @staticmethod
    def row(action, installed, requested=True, reference=None):
        manifest = installed["manifest"]
        row = {"action": action, "requested": requested, "zpool": installed["zpool"], "source": installed.get("source")}
        row.update({key: manifest.get(key) for key in ("uuid", "name", "version", "type")})
        row["reference"] = reference or next(iter(installed.get("references", [])), None)
        return {key: value for key, value in row.items() if value is not None}

    def take(self, *words):
        status, answer = self.imgadm.answer(*words)
        self.images += answer["images"]
        self.changed = self.changed or answer["changed"]
        self.bytes += answer["bytes"]
        return status, answer

    def is_wanted(self, image):
        wanted = self.params["type"]
        if wanted and image["manifest"].get("type") != wanted:
            return False
        return not self.params["platform"] or is_for(image["manifest"], self.params["platform"])

    def present(self, name):
        name = expanded(name)
        if self.params["state"] == "present" and not is_file(name):
            found, error = self.fits(name)
            if error is not None and not found and not self.params["type"] and not self.params["platform"]:
                found = [{"manifest": {"name": name}, "zpool": self.params["pool"]}]
            wanted = [image for image in found if self.is_wanted(image)]
            if wanted:
                self.images += [self.row("present", image) for image in wanted]
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
        self.check(answer, status)

    def absent(self, name):
        name = expanded(name)
        if is_file(name):
            self.imgadm.fail(f"\"{name}\" names a file, not an image that is installed", code="Usage")
        if self.module.check_mode:
            self.would_delete(name)
            return
        words = ["delete", "-j", *self.pool] + (["-f"] if self.params["force"] else [])
        status, answer = self.take(*words, "--", name)
        if answer.get("error", {}).get("code") in ("ImageNotInstalled", "InvalidUUID"):
            return
        self.check(answer, status)

    def would_delete(self, name):
        """What a deletion would do, as far as names, references and clones tell."""
        found, error = self.fits(name)
        left = [image for image in found if self.dataset(image) not in self.gone]
        if error is not None and (not found or len(left) > 1):
            self.refuse(error)
        if not left:
            return
        image, clones = self.looked_at(left[0])
        if image is None:
            return
        reference = self.reference(name, image)
        if (self.dataset(image), reference) in self.untagged:
            return
        if reference is None:
            if clones:
                self.has_clones(image, clones)
            self.goes(image)
            return
        others = [other for other in self.references(image) if not self.goes_with(reference, other)]
        if others or clones and all(self.is_image(clone) for clone in clones):
            self.untagged.add((self.dataset(image), reference))
            self.images.append(self.row("untagged", image, reference=reference))
            self.changed = True
            return
        if clones:
            self.has_clones(image, clones)
        self.goes(image, reference=reference)
        # Its layers, until one is needed.
        while image["manifest"].get("origin"):
            image, clones = self.looked_at({"manifest": {"uuid": image["manifest"]["origin"]}, "zpool": image["zpool"]})
            if image is None:
                return
            if clones or self.references(image) or image["manifest"].get("type") != "docker":
                self.images.append(self.row("kept", image, requested=False))
                return
            self.goes(image, requested=False)

    @staticmethod
    def dataset(image):
        return f"{image['zpool']}/{image['manifest']['uuid']}"

    def looked_at(self, image):
        """An installed image as it is, and what would be a clone of it still; None if it is not there."""
        error, image = self.imgadm.ask("get", "-r", "-P", image["zpool"], "--", image["manifest"]["uuid"])
        if error is None:
            return image, [clone for clone in image["children"]["clones"] if clone not in self.gone]
        if error["code"] == "ImageNotInstalled":
            return None, []
        self.refuse(error)

    def is_image(self, dataset):
        zpool, _, uuid = dataset.partition("/")
        error, image = self.imgadm.ask("get", "-P", zpool, "--", uuid)
        return error is None and image["manifest"]["uuid"] == uuid

    def references(self, image):
        return [each for each in image.get("references", []) if (self.dataset(image), each) not in self.untagged]

    def reference(self, name, image):
        """The docker reference that an image was named by; None if it was named otherwise."""
        manifest = image["manifest"]
        names = [manifest.get("name"), f"{manifest.get('name')}@{manifest.get('version')}"]
        reference = local(name)
        if name in names or reference not in image.get("references", []) and "@sha256:" not in reference:
            return None
        return reference

    @staticmethod
    def goes_with(reference, other):
        """By a digest, all references of its repository go."""
        repository, at, _ = reference.partition("@")
        return other == reference or bool(at) and other.startswith((f"{repository}:", f"{repository}@"))

    def has_clones(self, image, clones):
        self.refuse({
            "code": "ImageHasDependentClones", "rc": 1, "hint": "what is a clone of it goes first",
            "message": f"image \"{image['manifest']['uuid']}\" has dependent clones: {', '.join(clones)}"})

    def goes(self, image, requested=True, reference=None):
        self.gone.add(self.dataset(image))
        left = dict(image, references=self.references(image))
        self.images.append(self.row("deleted", left, requested, reference))
        self.changed = True

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
