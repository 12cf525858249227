"""The policy for a tenant's jobs: what they must say of their purpose, and whose voice may not be analysed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from shared.domain.errors import PurposeMissing, RoleBarred
from shared.domain.options import JobOptions


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules that a job must keep. `barred_roles` are names of roles, in any case."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    require_purpose: bool = False
    barred_roles: tuple[str, ...] = ()

    def __or__(self, other: Self) -> Policy:
        """Return a policy of both rules: what breaks either of them breaks it."""
        return Policy(self.require_purpose or other.require_purpose, (*self.barred_roles, *other.barred_roles))

    def check(self, options: JobOptions) -> None:
        """Check the options of a job.

        Raises:
            PurposeMissing: the service requires a purpose and a legal basis.
            RoleBarred: a barred role would be analysed, or no role is named, so that it might be.
        """
        if self.require_purpose and not (options.purpose and options.legal_basis):
            raise PurposeMissing
        if not self.barred_roles:
            return
        if not options.roles:
            raise RoleBarred("This service analyses no voice whose role is barred, so a job must name its `roles`.")
        barred = {role.casefold() for role in self.barred_roles}
        present = [number for number, role in enumerate(options.roles) if role.casefold() in barred]
        # Only `split` never mixes: with `auto` a barred voice could end up in the mix.
        if any(map(options.analyses, present)) or (present and options.channels != "split"):
            names = ", ".join(options.roles[number] for number in present)
            raise RoleBarred(
                f"The role {names} may not be analysed here: say `split` for `channels`, and name the "
                "others in `analyse`."
            )


NO_POLICY = Policy()
