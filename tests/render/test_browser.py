"""The page in a real browser: what it draws, what it asks for, and whether it can be used without a mouse."""

import io
import shutil

import pypdf
import pytest

from slacheck.evidence.record import results_document
from slacheck.render import html

sync_api = pytest.importorskip("playwright.sync_api", reason="the extra 'test' brings playwright")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="the extra 'test' brings axe-core")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="NOT TESTED IN A BROWSER: there is no chromium on this machine"
)


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def reports(synthetic, tmp_path_factory):
    """The page of an ordinary run and of one with hostile names, as files."""
    folder = tmp_path_factory.mktemp("reports")
    found = {}
    for name, hostile in (("plain", ""), ("hostile", synthetic.HOSTILE)):
        record = synthetic.record(hostile, error=True)
        text = html.render(results_document(record), synthetic.resolved(record), synthetic.traces(record))
        found[name] = folder / f"{name}.html"
        found[name].write_text(text, encoding="utf-8")
    return found


@pytest.fixture
def show(browser, reports):
    """Open a report; at the end there was no word on the console and no request but for the file."""
    contexts, words, asked = [], [], []

    def opened(name="plain", width=1280, **more):
        context = browser.new_context(viewport={"width": width, "height": 900}, **more)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: words.append(message.text))
        page.on("pageerror", lambda error: words.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(reports[name].as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert words == []
    assert set(asked) <= {path.as_uri() for path in reports.values()}


def shown(page):
    return page.eval_on_selector_all(
        "table.summary tbody", "rows => rows.filter(r => !r.hidden).map(r => r.dataset.name)"
    )


def until(page, met):
    """Wait up to two seconds for what the browser does when it has time."""
    for _ in range(100):
        if met():
            return
        page.wait_for_timeout(20)
    pytest.fail("the browser did not do it within two seconds")


def ranks(page):
    return page.eval_on_selector_all("table.summary tbody", "rows => rows.map(r => Number(r.dataset.rank))")


@pytest.mark.parametrize(
    ("name", "more"),
    [("plain", {}), ("plain", {"color_scheme": "dark"}), ("hostile", {"width": 400})],
    ids=["light", "dark", "narrow"],
)
def test_page_is_accessible_and_quiet(show, name, more):
    page = show(name, **more)
    found = axe.Axe().run(page)
    assert [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found.response["violations"]] == []


@pytest.mark.parametrize(("name", "width"), [("plain", 400), ("hostile", 400), ("hostile", 770), ("hostile", 1280)])
def test_page_is_never_wider_than_the_screen(show, name, width):
    assert show(name, width=width).evaluate("document.documentElement.scrollWidth") <= width


def test_page_without_scripting_is_whole_and_has_no_dead_controls(show):
    page = show(java_script_enabled=False)
    assert not page.locator("#controls").is_visible()
    assert page.locator(".toolbar, .sorter").count() == 0
    assert page.locator("svg.plot path.envelope").count() > 0
    assert page.locator("table.summary tbody").count() == 9


def test_table_sorts_by_verdict_and_back_by_clause(show):
    page = show()
    first = shown(page)
    button = page.locator("table.summary .sorter", has_text="verdict")
    button.focus()
    page.keyboard.press("Enter")
    assert ranks(page) == sorted(ranks(page))
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("verdict")
    button.click()
    assert ranks(page) == sorted(ranks(page), reverse=True)
    assert page.locator("th[aria-sort=descending]").count() == 1
    page.get_by_role("combobox", name="sort by").select_option("order")
    assert shown(page) == first


def test_table_sorts_by_margin_with_the_smallest_first_and_none_last(show):
    page = show()
    page.locator("table.summary .sorter", has_text="% of limit").click()
    found = page.eval_on_selector_all("table.summary tbody", "rows => rows.map(r => r.dataset.percent)")
    known = [float(text) for text in found if text]
    assert known == sorted(known)
    assert found == [*filter(None, found), *([""] * found.count(""))]


def test_table_filters_by_verdict_severity_and_words(show):
    page = show()
    every = shown(page)
    page.get_by_role("combobox", name="verdict").select_option("FAIL")
    failed = shown(page)
    assert 0 < len(failed) < len(every)
    assert page.locator("#shown").inner_text() == f"{len(failed)} of {len(every)} shown"
    page.get_by_role("button", name="Show all").click()
    assert shown(page) == every
    page.get_by_role("searchbox", name="search").fill("ramp  p")
    assert shown(page) == ["PWR-RAMP-UP"]
    page.get_by_role("searchbox", name="search").fill("no such words")
    assert shown(page) == []
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("combobox", name="severity").select_option("advisory")
    assert 0 < len(shown(page)) < len(every)


# ---------------------------------------------------------------- plots

STATE = """() => {
  const plot = document.querySelector("svg.plot");
  return {
    ticks: [...plot.querySelectorAll("text.tick")].filter(t => t.getAttribute("text-anchor") === "middle")
      .map(t => t.textContent),
    labels: [...plot.querySelectorAll("text.tick")].map(t => t.textContent),
    numbers: [...plot.querySelectorAll(".inside [data-at], g.ticks text")].map(e =>
      ["x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "width", "height", "d"].map(n => e.getAttribute(n) || "").join(" ")
        .match(/-?[0-9.]+/g).map(Number)),
  };
}"""


def state(page):
    return page.evaluate(STATE)


def test_plot_drawn_again_by_the_script_is_the_picture_that_was_there(show):
    page = show()
    before = state(page)
    page.locator("figure .scroll").first.focus()
    page.keyboard.press("0")
    after = state(page)
    assert after["labels"] == before["labels"]
    # a pixel is written to a tenth; the script has 7 digits of the value, which are not less
    for old, new in zip(before["numbers"], after["numbers"], strict=True):
        assert new == pytest.approx(old, abs=0.12)


def test_plot_zooms_pans_and_reads_out_from_the_keyboard(show):
    page = show()
    holder, readout = page.locator("figure .scroll").first, page.locator("output.readout").first
    whole = state(page)
    holder.focus()
    page.keyboard.press("ArrowRight")
    assert readout.inner_text().startswith("14.9")
    assert "bus_voltage 398." in readout.inner_text()
    assert "rack_power 120 kW" in readout.inner_text()
    for _ in range(4):
        page.keyboard.press("+")
    near = state(page)
    assert near["ticks"] != whole["ticks"]
    assert float(near["ticks"][-1]) - float(near["ticks"][0]) < 1
    page.keyboard.press("Shift+ArrowRight")
    assert state(page) != near
    page.keyboard.press("Escape")
    assert state(page)["ticks"] == whole["ticks"]


def test_plot_gap_is_read_out_as_no_samples(show):
    page = show()
    page.locator("svg.plot").first.scroll_into_view_if_needed()
    box = page.locator("svg.plot").first.bounding_box()
    share = (78 + 750 * (15.15 - 12.3065) / (5.2 - 0.013)) / 840
    page.mouse.move(box["x"] + share * box["width"], box["y"] + 100)
    assert "bus_voltage no samples" in page.locator("output.readout").first.inner_text()


def test_plot_zooms_by_drag_wheel_and_button_and_double_click_shows_the_whole(show):
    page = show()
    drawing = page.locator("svg.plot").first
    drawing.scroll_into_view_if_needed()
    box, whole = drawing.bounding_box(), state(page)
    y = box["y"] + 100
    page.mouse.move(box["x"] + 200, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, y, steps=3)
    assert page.locator("rect.choice").count() == 2
    page.mouse.up()
    dragged = state(page)
    assert dragged["ticks"] != whole["ticks"]
    page.mouse.dblclick(box["x"] + 400, y)
    assert state(page)["ticks"] == whole["ticks"]
    page.evaluate("document.activeElement.blur()")
    place = page.evaluate("scrollY")
    page.mouse.wheel(0, -300)
    until(page, lambda: page.evaluate("scrollY") < place)
    assert state(page)["ticks"] == whole["ticks"]  # the page scrolls past a plot that is not in focus
    page.locator("figure .scroll").first.focus()
    drawing.scroll_into_view_if_needed()
    box = drawing.bounding_box()
    page.mouse.move(box["x"] + 400, box["y"] + 60)
    page.mouse.wheel(0, -300)
    until(page, lambda: state(page)["ticks"] != whole["ticks"])
    page.get_by_role("button", name="Whole").first.click()
    page.get_by_role("button", name="Zoom in").first.click()
    assert state(page)["ticks"] != whole["ticks"]


def test_plot_limit_stays_with_its_value_when_the_height_is_fitted(show):
    page = show()
    page.locator("figure .scroll").first.focus()
    page.keyboard.press("ArrowUp")
    low, high = (float(page.eval_on_selector("svg.inside", f"e => e.dataset.y.split(' ')[{n}]")) for n in (0, 1))
    middle, half = (low + high) / 2, 0.7 * (high - low) / 2
    want = 246 - 220 * (340 - (middle - half)) / (2 * half)
    assert float(page.get_attribute("svg.inside line.limit", "y1")) == pytest.approx(want, abs=0.05)
    page.keyboard.press("f")
    assert page.locator("svg.inside text.limit").first.get_attribute("visibility") in ("inherit", "hidden")


# ---------------------------------------------------------------- paper


def test_print_has_the_certificate_alone_on_its_first_page_and_no_controls(show):
    page = show()
    page.get_by_role("combobox", name="verdict").select_option("FAIL")
    pages = [sheet.extract_text() for sheet in pypdf.PdfReader(io.BytesIO(page.pdf(format="A4"))).pages]
    assert "Hall A, dynamic power schedule" in pages[0]
    assert "Clause by clause" not in pages[0]
    assert "Clause by clause" in pages[1]
    assert "PWR-RAMP-UP" in pages[1]  # what a filter hides on the screen is printed
    for word in ("Show all", "Zoom in", "Drag to zoom", "all clauses"):
        assert word not in " ".join(pages)
