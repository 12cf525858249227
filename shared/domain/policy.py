"""The policy of a service: what a job must say of its purpose, and whose voice may not be analysed."""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.errors import PurposeMissing, RoleBarred
from shared.domain.options import JobOptions


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules that every job must keep. `barred_roles` are names of roles, in any case."""

    require_purpose: bool = False
    barred_roles: tuple[str, ...] = ()

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
