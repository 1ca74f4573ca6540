"""Ways to spoil a package, by what they spoil; all of them in the order of the README's table."""

from tests.package.faults import archive, bytecode, distributions, forbidden, functions, imports, layout, native
from tests.package.sabotage import Sabotage

GROUPS = {
    "Native files": native.FAULTS.all,
    "Bytecode": bytecode.FAULTS.all,
    "Dependencies": distributions.FAULTS.all,
    "Layout": layout.FAULTS.all,
    "Functions": functions.FAULTS.all,
    "Imports": imports.FAULTS.all,
    "Secrets, leavings, budgets": forbidden.FAULTS.all,
    "The zip itself": archive.FAULTS.all,
}
ALL: tuple[Sabotage, ...] = tuple(each for group in GROUPS.values() for each in group)
