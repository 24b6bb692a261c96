"""What of the isolation came into force, taken down as it is attempted."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

_FULL = frozenset({
    "user namespace", "mount namespace", "pid namespace", "network namespace", "ipc namespace", "read-only files",
    "resource limits", "unprivileged user", "no capabilities", "no new privileges", "course out of sight",
})  # fmt: skip
NAMESPACE_ADVICE = (
    "Allow user namespaces (sysctl user.max_user_namespaces=15000; on Debian kernel.unprivileged_userns_clone=1; on Ubuntu"
    " kernel.apparmor_restrict_unprivileged_userns=0), or grade as root; in a container, add the capability SYS_ADMIN."
)
ADVICE = {
    "landlock": "Use Linux 5.13 or newer, with landlock in the list of the boot parameter lsm=.",
    "seccomp": "Use a kernel with CONFIG_SECCOMP_FILTER, on x86-64 or 64-bit ARM.",
    "unprivileged user": "Grade as an ordinary user, or give the container more than one user id.",
}


@dataclass(frozen=True)
class Isolation:
    """What stands between a student's process and the machine.

    `level` is "full", "partial", or "none" (it could read the course). `measures` names what is in force, and `missing` has one
    sentence for each thing that is not, with what to do about it.
    """

    level: str
    measures: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass
class Record:
    """Takes down which measures came into force; a measure that the kernel refuses is not an exception."""

    without: Collection[str]
    measures: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def attempt(self, measure: str, action: Callable[..., object], *arguments: object) -> bool:
        """Do it, and take it down under its name."""
        if measure in self.without:
            self.missing.append(f"Not in force: {measure} (left out on request).")
            return False
        advice = ADVICE.get(measure, NAMESPACE_ADVICE if "namespace" in measure else "")
        if done := self.detail(f"Not in force: {measure}", advice, action, *arguments):
            self.measures.append(measure)
        return done

    def detail(self, failure: str, advice: str, action: Callable[..., object], *arguments: object) -> bool:
        """Do it; only a failure is worth a word."""
        try:
            action(*arguments)
        except OSError as error:
            self.missing.append(f"{failure} ({error.strerror or error}). {advice}".strip())
            return False
        return True

    def result(self) -> Isolation:
        """All that was taken down."""
        level = "full" if _FULL.issubset(self.measures) else "partial"
        if "course out of sight" not in self.measures:
            level = "none"
        return Isolation(level, tuple(self.measures), tuple(dict.fromkeys(self.missing)))
