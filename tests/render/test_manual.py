import pytest

from slacheck.kinds import NAMES, own_kind
from slacheck.render.manual import Block, blocks_of, formula, manuals_of
from slacheck.spec.plugins import all_kinds, installed_kinds

KINDS = tuple(map(own_kind, NAMES))

PAGE = r"""What it is (R01).

Given :math:`y_0`, **bold** and ``code`` and `field`; x * y stays, *so* does \|z\|:

* ``first``: one
  that goes on;
* second.

.. math:: R = \max_f X(f)
          / L(f)

.. code-block:: yaml

    - id: A

      kind: b
"""


def test_manual_page_is_taken_apart():
    assert blocks_of(PAGE) == [
        Block("paragraph", "What it is (R01)."),
        Block("paragraph", "Given y₀, bold and code and field; x * y stays, so does |z|:"),
        Block("item", "first: one that goes on;"),
        Block("item", "second."),
        Block("formula", "R = max_f X(f) / L(f)"),
        Block("code", "- id: A\n\n  kind: b"),
    ]


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\zeta_i = -\sigma_i / \sqrt{\sigma_i^2 + \omega_i^2}", "ζ_i = -σ_i / √(σ_i² + ω_i²)"),
        (r"\int A^2 e^{2 \sigma t} / 2\, dt", "∫ A² e^(2 σ t) / 2 dt"),
        (r"|H_1| \le |H| \le |H_2|", "|H₁| ≤ |H| ≤ |H₂|"),
        (r"\gamma^2 = |S_{xy}|^2 / (S_{xx} S_{yy})", "γ² = |S_xy|² / (S_xx S_yy)"),
    ],
)
def test_formula_reads_as_text(tex, text):
    assert formula(tex) == text


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_manual_page_of_every_kind_keeps_no_marks(kind):
    blocks = blocks_of(kind.manual)
    shown = " ".join(block.text for block in blocks if block.form != "code")
    for mark in ("\\", "`", ":math:", ".. code", ".. math", "**"):
        assert mark not in shown
    assert blocks[-1].form == "code"
    assert "kind: " + kind.name in blocks[-1].text


def test_manual_page_of_another_version_is_not_shown():
    here = {kind.name: kind.provider for kind in all_kinds()}
    assert set(manuals_of({"flicker": here["flicker"]}, installed_kinds())) == {"flicker"}
    assert manuals_of({"flicker": "slacheck 9.9.9", "nobody": "x 1"}, installed_kinds()) == {}
