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
        # The words are what they are: $ and ~ in a description mean nothing.
        return self.module.run_command(
            [self.path, *words], environ_update={"LC_ALL": "C.UTF-8"}, expand_user_and_vars=False)

    def json(self, *words):
        """The exit status, and the value on standard output; None if there is none."""
        status, output, errors = self.run(*words)
        try:
            value = json.loads(output) if output.strip() else None
        except ValueError as error:
            self.fail(f"imgadm {words[0]} printed what is no JSON: {error}", rc=status, stdout=output, stderr=errors)
        return status, value, errors

    def answer(self, *words):
        """The exit status of a command that changes something, and what it says it did; what to make of an error is the module's."""
        status, answer, errors = self.json(*words)
        if not isinstance(answer, dict) or "images" not in answer:
            # Options that this imgadm does not know.
            self.fail(errors.strip() or f"imgadm {words[0]} gave no answer", rc=status)
        for warning in answer.get("warnings", []):
            self.module.warn(warning)
        return status, answer

    def ask(self, *words):
        """The error that a command ends with, as the answer of one has it; None if it ends well. Its output, read as JSON."""
        status, output, errors = self.run("-E", *words)
        if status == 0:
            return None, json.loads(output)
        for line in reversed(errors.splitlines()):
            try:
                error = json.loads(line)["err"]
                return {"code": error["code"], "message": error["message"], "hint": error.get("hint"), "rc": status}, None
            except (ValueError, KeyError, TypeError):
                continue
        self.fail(errors.strip() or f"imgadm {words[0]} failed", rc=status)

    def refuse(self, error, **facts):
        """Fails with an error of imgadm's."""
        message = error.get("message", "imgadm failed")
        if error.get("hint"):
            message += f" ({error['hint']})"
        self.fail(message, rc=error.get("rc"), code=error.get("code"), **facts)

    def fail(self, message, **facts):
        self.module.fail_json(msg=message, **facts)
