"use strict";
/* What needs a hand: the table of clauses sorts and filters, the plots zoom and read out. The page
   is whole without this; nothing here asks the network, and no text is ever parsed as HTML. */
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const make = (tag, kind, text) => {
    const element = document.createElement(tag);
    if (kind) element.className = kind;
    if (text) element.textContent = text;
    return element;
  };

  // ------------------------------------------------------------ the table of clauses

  const clauses = (table) => {
    const rows = [...table.tBodies], controls = document.getElementById("controls");
    const told = document.getElementById("shown"), words = controls.querySelector("input");
    const [verdict, severity, by] = controls.querySelectorAll("select");
    const find = () => {
      const wanted = words.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const text = row.dataset.text.toLowerCase();
        row.hidden = (verdict.value && row.dataset.verdict !== verdict.value)
          || (severity.value && row.dataset.severity !== severity.value)
          || !wanted.every((word) => text.includes(word));
        shown += !row.hidden;
      }
      told.textContent = shown === rows.length ? `all ${rows.length} shown` : `${shown} of ${rows.length} shown`;
    };
    const value = (row, key) => {
      const text = row.dataset[key];
      return key === "rank" || key === "percent" || key === "order" ? (text === "" ? Infinity : Number(text)) : text;
    };
    const headers = [...table.tHead.rows[0].cells].filter((header) => header.dataset.sort);
    const sort = (key, down) => {
      by.value = key;
      for (const header of headers) {
        const mine = header.dataset.sort === key;
        header.setAttribute("aria-sort", mine ? (down ? "descending" : "ascending") : "none");
      }
      const order = (a, b) => (typeof a === "number" ? (a < b ? -1 : a > b ? 1 : 0)
        : a.localeCompare(b, "en", { numeric: true }));
      rows.sort((a, b) => (down ? -1 : 1) * order(value(a, key), value(b, key)) || a.dataset.order - b.dataset.order);
      table.append(...rows);
    };
    for (const header of headers) {
      const button = make("button", "sorter", header.textContent);
      button.type = "button";
      button.addEventListener("click", () => sort(header.dataset.sort, header.getAttribute("aria-sort") === "ascending"));
      header.replaceChildren(button);
      header.setAttribute("aria-sort", "none");
    }
    words.addEventListener("input", find);
    by.addEventListener("change", () => sort(by.value, false));
    for (const choice of [verdict, severity]) choice.addEventListener("change", find);
    controls.querySelector("button").addEventListener("click", () => {
      words.value = verdict.value = severity.value = "";
      find();
    });
    controls.hidden = false;
    find();
  };

  // ------------------------------------------------------------ plots

  const FAR = 1e5, WIDTH = 840, WIDEST = 8; // as in plot_inside.py and plot.py
  const HINT = "Drag to zoom, Shift and drag to pan, double click for the whole. With a plot in focus: wheel or + and \u2212 "
    + "zoom, arrows read out, Shift and arrows pan, up and down stretch the height, F fits it, 0 shows the whole.";
  const scaled = (axis, value) => (axis.log ? Math.log10(Math.max(value, 1e-300)) : value);
  const plain = (axis, value) => (axis.log ? 10 ** value : value);
  const axisOf = (text, start, end) => {
    const [low, high, kind] = text.split(" ");
    const axis = { log: kind === "log", start, end };
    axis.whole = [scaled(axis, Number(low)), scaled(axis, Number(high))];
    axis.now = [...axis.whole];
    return axis;
  };
  const pixel = (axis, value) => {
    const [low, high] = axis.now;
    const at = axis.start + ((scaled(axis, value) - low) / (high - low)) * (axis.end - axis.start);
    return Math.max(-FAR, Math.min(FAR, at));
  };
  const scaledAt = (axis, at) => axis.now[0] + ((at - axis.start) / (axis.end - axis.start)) * (axis.now[1] - axis.now[0]);
  const zoom = (axis, factor, about) => {
    axis.now = axis.now.map((end) => about + (end - about) * factor);
  };
  /* Inside the whole axis, and no finer than a 500th of it: there is nothing between the columns. */
  const keep = (axis, finest) => {
    const [low, high] = axis.whole, least = (high - low) / finest;
    let size = Math.min(high - low, Math.max(least, axis.now[1] - axis.now[0]));
    const middle = (axis.now[0] + axis.now[1]) / 2;
    const begin = Math.max(low, Math.min(high - size, middle - size / 2));
    axis.now = [begin, begin + size];
  };
  const step = (span, about) => {
    const rough = span / about, power = 10 ** Math.floor(Math.log10(rough));
    return [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * (1 - 1e-9));
  };
  const ticks = (axis, about) => {
    const [low, high] = axis.now.map((end) => plain(axis, end)), found = [];
    if (axis.log && high > low * 10) {
      const decades = axis.now[1] - axis.now[0], leap = Math.max(1, Math.floor(decades / 8));
      for (let p = Math.floor(axis.now[0]); p <= axis.now[1]; p += leap) {
        for (const m of decades <= 3 ? [1, 2, 5] : [1]) {
          const value = m * 10 ** p;
          if (value >= low && value <= high) found.push([value, String(Number(value.toPrecision(6)))]);
        }
      }
      return found;
    }
    const by = step(high - low, about), places = Math.max(0, -Math.floor(Math.log10(by) + 1e-9));
    const large = Math.abs(high) >= 1e6 || places > 9;
    for (let n = Math.ceil(low / by - 1e-9); n <= high / by + 1e-9; n++) {
      const value = n * by, text = large ? String(Number(value.toPrecision(9))) : value.toFixed(places);
      found.push([value, Number(text) === 0 ? text.replace("-", "") : text]);
    }
    return found;
  };
  /* Where thin lines help the eye between the ticks of a logarithmic axis. */
  const between = (axis) => {
    const [low, high] = axis.now, found = [];
    if (!axis.log || high - low > 6) return found;
    for (let p = Math.floor(low); p <= high; p++) {
      for (let m = 2; m < 10; m++) {
        const at = Math.log10(m) + p;
        if (at >= low && at <= high) found.push(10 ** at);
      }
    }
    return found;
  };
  const draw = (tag, kind, attributes, parent) => {
    const element = document.createElementNS(SVG, tag);
    element.setAttribute("class", kind);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return parent.appendChild(element);
  };

  /* An element with the values it stands for; "." is the panel's edge, which stays where it is. */
  const shapeOf = (element, panel) => {
    const at = element.dataset.at.split(" ").map((text) => (text === "." ? null : Number(text)));
    const shape = { element, at, label: null };
    if (element.tagName === "text") {
      const x = Number(element.getAttribute("x")), y = Number(element.getAttribute("y"));
      shape.off = [at[0] === null ? x : x - pixel(panel.x, at[0]), at[1] === null ? y : y - pixel(panel.y, at[1])];
    }
    return shape;
  };
  const put = (element, names, values) => names.forEach((name, index) => {
    if (values[index] !== null) element.setAttribute(name, values[index].toFixed(2));
  });
  const path = (points) => points.map((point, index) => (index ? "L" : "M") + point.map((v) => v.toFixed(1)).join()).join("");
  const place = (panel, { element, at, off }) => {
    const x = (value) => (value === null ? null : pixel(panel.x, value));
    const y = (value) => (value === null ? null : pixel(panel.y, value));
    const { left, right, top, bottom } = panel;
    if (element.tagName === "line") {
      put(element, ["x1", "y1", "x2", "y2"], [x(at[0]), y(at[1]), x(at[2]), y(at[3])]);
    } else if (element.tagName === "rect") {
      const xs = at[0] === null ? [left, right] : [x(at[0]), x(at[2])];
      const ys = at[1] === null ? [top, bottom] : [y(at[3]), y(at[1])];
      put(element, ["x", "y", "width", "height"],
        [xs[0], ys[0], Math.max(1, xs[1] - xs[0]), Math.max(1, ys[1] - ys[0])]);
    } else if (element.tagName === "circle") {
      put(element, ["cx", "cy"], [x(at[0]), y(at[1])]);
    } else if (element.tagName === "text") {
      const anchor = [x(at[0]), y(at[1])];
      const out = (anchor[0] !== null && (anchor[0] < left - 1 || anchor[0] > right + 1))
        || (anchor[1] !== null && (anchor[1] < top - 1 || anchor[1] > bottom + 1));
      element.setAttribute("visibility", out ? "hidden" : "inherit");
      if (!out) put(element, ["x", "y"], off.map((o, i) => (anchor[i] === null ? o : anchor[i] + o)));
    } else if (element.classList.contains("envelope") && !element.classList.contains("line")) {
      const upper = [], lower = [];
      for (let i = 0; i < at.length; i += 3) {
        upper.push([x(at[i]), y(at[i + 2])]);
        lower.push([x(at[i]), y(at[i + 1])]);
      }
      element.setAttribute("d", path([...upper, ...lower.reverse()]) + "Z");
    } else {
      const points = [];
      for (let i = 0; i < at.length; i += 2) points.push([x(at[i]), y(at[i + 1])]);
      element.setAttribute("d", path(points) + (points.length === 1 ? "h0.1" : ""));
    }
  };

  const panelOf = (inside, group, last) => {
    const [left, top, width, height] = inside.getAttribute("viewBox").split(" ").map(Number);
    const panel = { inside, group, last, left, top, right: left + width, bottom: top + height };
    panel.x = axisOf(inside.dataset.x, left, left + width);
    panel.y = axisOf(inside.dataset.y, top + height, top);
    panel.shapes = [...inside.querySelectorAll("[data-at]")].map((element) => shapeOf(element, panel));
    panel.runs = panel.shapes.filter((shape) => shape.element.classList.contains("envelope")).map(({ element, at }) => {
      const each = element.classList.contains("line") ? 2 : 3, run = [];
      for (let i = 0; i < at.length; i += each) run.push([at[i], at[i + 1], at[i + each - 1]]);
      return run;
    });
    panel.cursor = draw("line", "cursor", { y1: top, y2: top + height, visibility: "hidden" }, inside);
    return panel;
  };
  const frame = (panel) => {
    const { group, left, right, top, bottom } = panel, upright = ticks(panel.x, 8);
    group.replaceChildren();
    for (const value of [...between(panel.x), ...upright.map(([value]) => value)]) {
      const x = pixel(panel.x, value).toFixed(1);
      draw("line", "grid", { x1: x, x2: x, y1: top, y2: bottom }, group);
    }
    for (const value of between(panel.y)) {
      const y = pixel(panel.y, value).toFixed(1);
      draw("line", "grid faint", { x1: left, x2: right, y1: y, y2: y }, group);
    }
    for (const [value, label] of ticks(panel.y, 6)) {
      const y = pixel(panel.y, value);
      draw("line", "grid", { x1: left, x2: right, y1: y.toFixed(1), y2: y.toFixed(1) }, group);
      draw("text", "tick", { x: left - 7, y: (y + 4).toFixed(1), "text-anchor": "end" }, group).textContent = label;
    }
    if (!panel.last) return;
    for (const [value, label] of upright) {
      const x = Math.min(pixel(panel.x, value), WIDTH - (WIDEST * label.length) / 2).toFixed(1);
      draw("text", "tick", { x, y: bottom + 17, "text-anchor": "middle" }, group).textContent = label;
    }
  };

  const nearest = (points, x) => {
    let low = 0, high = points.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (points[middle][0] > x) high = middle; else low = middle;
    }
    return Math.abs(points[high][0] - x) < Math.abs(points[low][0] - x) ? points[high] : points[low];
  };
  const text = (value) => String(Number(value.toPrecision(6)));

  const plot = (holder) => {
    const drawing = holder.querySelector("svg.plot"), insides = [...drawing.querySelectorAll("svg.inside")];
    const groups = [...drawing.querySelectorAll("g.ticks")];
    const panels = insides.map((inside, i) => panelOf(inside, groups[i], i === insides.length - 1));
    const unit = drawing.dataset.axis === "time" ? "s" : "Hz", main = panels[0].x;
    const places = [...new Set(panels.flatMap((panel) => panel.runs.flat().map((point) => point[0])))].sort((a, b) => a - b);
    const told = make("output", "readout"), bar = make("div", "toolbar");
    let cursor = null;

    const show = () => {
      for (const panel of panels) {
        keep(panel.y, 2000);
        panel.x.now = [...main.now];
        frame(panel);
        for (const shape of panel.shapes) place(panel, shape);
      }
      point(cursor);
    };
    const point = (value) => {
      cursor = value;
      const hidden = value === null || pixel(main, value) < main.start - 1 || pixel(main, value) > main.end + 1;
      for (const panel of panels) {
        panel.cursor.setAttribute("visibility", hidden ? "hidden" : "visible");
        if (!hidden) put(panel.cursor, ["x1", "x2"], [pixel(main, value), pixel(main, value)]);
      }
      if (hidden) { told.textContent = ""; return; }
      const parts = panels.map((panel) => {
        const run = panel.runs.find((points) => value >= points[0][0] && value <= points[points.length - 1][0]);
        const name = panel.inside.dataset.name, its = panel.inside.dataset.unit;
        if (!run) return `${name} no samples`;
        const [, low, high] = nearest(run, value);
        return `${name} ${low === high ? text(low) : `${text(low)} to ${text(high)}`}${its ? ` ${its}` : ""}`;
      });
      told.textContent = [`${text(value)} ${unit}`, ...parts].join("   ");
    };
    const change = (how) => { how(); keep(main, 500); show(); };
    const centre = () => (cursor === null || pixel(main, cursor) < main.start || pixel(main, cursor) > main.end
      ? (main.now[0] + main.now[1]) / 2 : scaled(main, cursor));
    const whole = () => change(() => {
      main.now = [...main.whole];
      for (const panel of panels) panel.y.now = [...panel.y.whole];
    });
    const pan = (share) => change(() => {
      const by = share * (main.now[1] - main.now[0]);
      main.now = [main.now[0] + by, main.now[1] + by];
    });
    const nearer = (factor) => change(() => zoom(main, factor, centre()));
    const fit = () => change(() => {
      for (const panel of panels) {
        const [low, high] = main.now.map((end) => plain(main, end));
        const seen = panel.runs.flat().filter((p) => p[0] >= low && p[0] <= high);
        if (!seen.length) continue;
        const ends = [Math.min(...seen.map((p) => p[1])), Math.max(...seen.map((p) => p[2]))].map((v) => scaled(panel.y, v));
        const room = 0.07 * (ends[1] - ends[0]) || 0.01 * (panel.y.whole[1] - panel.y.whole[0]);
        panel.y.now = [ends[0] - room, ends[1] + room];
      }
    });
    const taller = (factor) => change(() => {
      for (const panel of panels) zoom(panel.y, factor, (panel.y.now[0] + panel.y.now[1]) / 2);
    });
    const walk = (by) => {
      const seen = places.filter((p) => pixel(main, p) >= main.start - 0.5 && pixel(main, p) <= main.end + 0.5);
      if (!seen.length) return;
      let index = cursor === null ? Math.floor(seen.length / 2) : seen.findIndex((p) => p >= cursor);
      if (index < 0) index = seen.length - 1;
      point(seen[Math.max(0, Math.min(seen.length - 1, cursor === null ? index : index + by))]);
    };

    // where the pointer is, in pixels of the drawing
    const where = (event) => {
      const box = drawing.getBoundingClientRect(), view = drawing.viewBox.baseVal;
      return [((event.clientX - box.left) * view.width) / box.width, ((event.clientY - box.top) * view.height) / box.height];
    };
    const inside = ([x]) => x >= main.start && x <= main.end;
    let held = null;
    drawing.addEventListener("pointermove", (event) => {
      const at = where(event);
      if (held && held.pan) {
        change(() => {
          const by = ((held.at[0] - at[0]) / (main.end - main.start)) * (main.now[1] - main.now[0]);
          main.now = main.now.map((end) => end + by);
        });
        held.at = at;
      } else if (held) {
        const [a, b] = [held.at[0], at[0]].map((x) => Math.max(main.start, Math.min(main.end, x)));
        for (const rect of held.marks) put(rect, ["x", "width"], [Math.min(a, b), Math.abs(b - a)]);
      }
      if (inside(at)) {
        const value = plain(main, scaledAt(main, at[0]));
        point(value);
      }
    });
    drawing.addEventListener("pointerdown", (event) => {
      const at = where(event);
      if (event.button !== 0 || !inside(at)) return;
      drawing.setPointerCapture(event.pointerId);
      const marks = event.shiftKey ? [] : panels.map((panel) => draw("rect", "choice",
        { x: at[0], width: 0, y: panel.top, height: panel.bottom - panel.top }, panel.inside));
      held = { at, pan: event.shiftKey, marks };
    });
    const release = (event) => {
      if (!held) return;
      const from = held.at[0], to = where(event)[0], chosen = !held.pan && event.type === "pointerup" && Math.abs(to - from) > 6;
      for (const rect of held.marks) rect.remove();
      held = null;
      if (chosen) {
        const ends = [from, to].map((x) => scaledAt(main, Math.max(main.start, Math.min(main.end, x)))).sort((a, b) => a - b);
        change(() => { main.now = ends; });
      }
    };
    drawing.addEventListener("pointerup", release);
    drawing.addEventListener("pointercancel", release);
    drawing.addEventListener("dblclick", whole);
    // a wheel zooms only where the reader has taken hold of the plot, so that the page still scrolls past it
    holder.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && document.activeElement !== holder) return;
      event.preventDefault();
      const at = where(event), factor = 1.2 ** Math.sign(event.deltaY);
      if (event.shiftKey) taller(factor);
      else if (inside(at)) change(() => zoom(main, factor, scaledAt(main, at[0])));
    }, { passive: false });
    const keys = {
      "+": () => nearer(0.6), "=": () => nearer(0.6), "-": () => nearer(1 / 0.6), "0": whole, Escape: whole, f: fit,
      ArrowLeft: (e) => (e.shiftKey ? pan(-0.2) : walk(-1)), ArrowRight: (e) => (e.shiftKey ? pan(0.2) : walk(1)),
      ArrowUp: () => taller(0.7), ArrowDown: () => taller(1 / 0.7),
    };
    holder.addEventListener("keydown", (event) => {
      if (event.target !== holder || event.ctrlKey || event.altKey || event.metaKey || !keys[event.key]) return;
      event.preventDefault();
      keys[event.key](event);
    });

    const buttons = [["Zoom in", () => nearer(0.6)], ["Zoom out", () => nearer(1 / 0.6)], ["Earlier", () => pan(-0.25)],
      ["Later", () => pan(0.25)], ["Fit height", fit], ["Whole", whole]];
    if (unit === "Hz") { buttons[2][0] = "Lower"; buttons[3][0] = "Higher"; }
    for (const [name, act] of buttons) {
      const button = make("button", "", name);
      button.type = "button";
      button.addEventListener("click", act);
      bar.append(button);
    }
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", holder.getAttribute("aria-label"));
    told.setAttribute("aria-live", "polite");
    bar.append(told);
    holder.after(bar);
    if (!document.getElementById("plot-keys")) {
      const hint = make("p", "hint", HINT);
      hint.id = "plot-keys";
      bar.after(hint);
    }
    holder.setAttribute("aria-describedby", "plot-keys");
    addEventListener("beforeprint", whole);
  };

  // a link to a closed page of the manual opens it
  addEventListener("hashchange", () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") target.open = true;
  });
  const table = document.querySelector("table.summary");
  if (table) clauses(table);
  for (const holder of document.querySelectorAll("figure .scroll")) plot(holder);
})();
