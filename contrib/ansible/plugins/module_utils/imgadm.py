"""How modules call imgadm(8), and what it answers (docs/programs.md)."""

from __future__ import annotations

import json


class Imgadm:
    """The program, called for a module."""

    def __init__(self, module):
        self.module = module
        self.path = module.params["executable"] or module.get_bin_path(
            "imgadm", required=True, opt_dirs=["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/local/sbin"])

    def run(self, *words):
        """Exit status, standard output, standard error."""
        return self.module.run_command([self.path, *words], environ_update={"LC_ALL": "C.UTF-8"})

    def json(self, *words):
        """The exit status, and the value on standard output; None if there is none."""
        status, output, errors = self.run(*words)
        try:
            value = json.loads(output) if output.strip() else None
        except ValueError as error:
            self.fail(f"imgadm {words[0]} printed what is no JSON: {error}", rc=status, stdout=output, stderr=errors)
        return status, value, errors

    def answer(self, *words):
        """What a command that changes something says it did; an error of it is the module's, but for `missing`."""
        status, answer, errors = self.json(*words)
        if not isinstance(answer, dict) or "images" not in answer:
            # Options that this imgadm does not know.
            self.fail(errors.strip() or f"imgadm {words[0]} gave no answer", rc=status)
        for warning in answer.get("warnings", []):
            self.module.warn(warning)
        return status, answer

    def code(self, *words):
        """The stable code of the error that a command ends with; None if it ends well. Its output, read as JSON."""
        status, output, errors = self.run("-E", *words)
        if status == 0:
            return None, json.loads(output)
        for line in reversed(errors.splitlines()):
            try:
                return json.loads(line)["err"]["code"], None
            except (ValueError, KeyError, TypeError):
                continue
        self.fail(errors.strip() or f"imgadm {words[0]} failed", rc=status)

    def check(self, answer, status):
        """Fails with the error of an answer, if it has one."""
        error = answer.get("error")
        if error is None:
            return
        message = error.get("message", "imgadm failed")
        if error.get("hint"):
            message += f" ({error['hint']})"
        self.fail(message, rc=status, code=error.get("code"), images=answer["images"], changed=answer["changed"])

    def fail(self, message, **facts):
        self.module.fail_json(msg=message, **facts)
