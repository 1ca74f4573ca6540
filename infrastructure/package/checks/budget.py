"""What the package may cost."""

from collections.abc import Iterator

from infrastructure.package.findings import Finding
from infrastructure.package.package import Ground, Package


def findings(package: Package, ground: Ground) -> Iterator[Finding]:
    """Size of the zip and number of files, against policy.toml."""
    budget = ground.policy.budget
    for what, wanted, found in (
        ("the zip is too large", budget.zip_bytes, package.size),
        ("the package has too many files", budget.files, len(package.members)),
    ):
        if found > wanted:
            yield Finding(
                "budget",
                "",
                what,
                f"at most {wanted:,}",
                f"{found:,}; most in {_largest(package)}",
                "it works, but every cold start mounts and searches it: the first invocations after a pause come late",
                "see in the manifest beside the package what grew; cut it, or raise the budget in policy.toml",
            )


def _largest(package: Package) -> str:
    sizes: dict[str, int] = {}
    for name, member in package.site.items():
        top = name.partition("/")[0]
        sizes[top] = sizes.get(top, 0) + member.size
    top3 = sorted(sizes.items(), key=lambda each: -each[1])[:3]
    return ", ".join(f"{name} ({size:,} bytes)" for name, size in top3) or "the app itself"
