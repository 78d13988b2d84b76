"""A finding in a few lines, with the five numbers: for assertion messages and for pytest.

No verdict is shown without the value with its uncertainty, the limit, the margin and the moment that decided.
"""

from __future__ import annotations

from slacheck.errors import printable
from slacheck.render.numbers import Document, deciding, numbers_of


def failure(finding: Document, place: str) -> str:
    """Where the requirement stands, what was found, and why.

    Parameters
    ----------
    finding : dict
        A finding of the results document.
    place : str
        `file:line:column` of the requirement in the spec.
    """
    lines = [f"{place}: {finding['requirement']} {finding['verdict']} on {finding['capture'] or 'no capture'}"]
    reasons = list(finding["reasons"])
    if finding["checks"]:
        check = deciding(finding["checks"])
        lines.append("  " + "; ".join(f"{name} {text}" for name, text in five_numbers(check).items() if text))
        lines.append(f"  {check['name']}: {check['definition']['text']}")
        reasons += [reason for reason in check["reasons"] if reason not in reasons]
    if "error" in finding:
        lines.append(f"  a bug in slacheck: {finding['error'].strip().splitlines()[-1]}")
    lines += [f"  {reason['code']}: {reason['sentence']}" for reason in reasons]
    return "\n".join(printable(line) for line in lines)


def five_numbers(check: Document) -> dict[str, str]:
    """Value, uncertainty, limit, margin and place of a check, in the spec's unit; "" where there is none."""
    found = numbers_of(check)
    percent = f" ({found.percent} of the limit)" if found.percent else ""
    return {
        "measured": found.value,
        "uncertainty": found.uncertainty,
        "limit": found.limit,
        "margin": found.margin + percent,
        "at": found.at,
    }
