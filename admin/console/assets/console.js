// The console works without this file; it adds live charts, copying, questions before the irreversible, and keys.
(() => {
  "use strict";

  document.addEventListener("submit", (event) => {
    const question = event.target.dataset.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  });

  // Buttons that copy are shown where this file runs; each says that it has copied.
  const showCopies = (part) => part.querySelectorAll(".copy[hidden]").forEach((button) => { button.hidden = false; });
  showCopies(document);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy-from], .copy[data-copy]");
    if (!button) return;
    const from = button.dataset.copyFrom && document.querySelector(button.dataset.copyFrom);
    const text = from ? from.value : button.dataset.copy;
    const done = () => {
      const before = button.textContent;
      if (!button.dataset.done || before === button.dataset.done) return;
      button.textContent = button.dataset.done;
      setTimeout(() => { button.textContent = before; }, 1500);
    };
    const byHand = () => {
      const area = from || document.body.appendChild(Object.assign(document.createElement("textarea"), { value: text }));
      area.select();
      document.execCommand("copy");
      if (!from) area.remove();
      done();
    };
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(done, byHand);
    else byHand();
  });

  // A platform's list may be dropped anywhere on its page.
  const list = document.getElementById("f-list");
  if (list) {
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      if (!event.dataTransfer.files.length) return;
      list.files = event.dataTransfer.files;
      list.form.requestSubmit();
    });
  }

  document.querySelectorAll("[data-print][hidden]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  });

  // Fields that count for one choice only are shown with that choice.
  const choices = document.querySelectorAll("[data-when]");
  const showChosen = () => choices.forEach((part) => {
    const [name, value] = part.dataset.when.split("=");
    const by = document.querySelector(`[name="${name}"]`);
    part.hidden = by && !value.split("|").includes(by.value) && !part.querySelector(".wrong");
  });
  if (choices.length) {
    showChosen();
    document.addEventListener("change", showChosen);
  }

  // Keys: "/" goes to the search box, "j" and "k" walk through rows, "n" and "p" turn the page, "g" and a letter go
  // elsewhere, "?" says so.
  const places = { t: "/", c: "/charges", p: "/pushes", l: "/lots", w: "/incidents", s: "/statements" };
  let going = false;
  const row = (step) => {
    const links = [...document.querySelectorAll("main tbody tr")].map((tr) => tr.querySelector("a")).filter(Boolean);
    if (!links.length) return;
    const at = links.indexOf(document.activeElement);
    links[Math.min(links.length - 1, Math.max(0, at < 0 ? 0 : at + step))].focus();
  };
  const follow = (selector) => { const link = document.querySelector(selector); if (link) link.click(); };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.target.closest("input, textarea, select, dialog")) return;
    const key = event.key;
    if (going) {
      going = false;
      if (places[key]) { event.preventDefault(); location.href = places[key]; }
      return;
    }
    const does = {
      "/": () => { const box = document.getElementById("find") || document.getElementById("q"); if (box) { box.focus(); box.select(); } },
      j: () => row(1), k: () => row(-1), g: () => { going = true; setTimeout(() => { going = false; }, 1500); },
      n: () => follow("[rel=next]"), p: () => follow("[rel=prev]"),
      "?": () => { const keys = document.getElementById("keys"); if (keys && keys.showModal) keys.showModal(); },
    }[key];
    if (does) { event.preventDefault(); does(); }
    if (key === "Escape") hideDrawer();
  });

  // A server that does not answer is said, and what is on the page is marked as old until it does.
  const away = document.querySelector(".away");
  let timer = 0; // asks whether the server is back
  const setAway = (is) => {
    if (away) away.hidden = !is;
    document.body.classList.toggle("stale", is);
    if (!is) { clearInterval(timer); timer = 0; } else if (!timer) timer = setInterval(isBack, 3000);
  };
  const isBack = () => fetch("/healthz", { cache: "no-store" }).then((answer) => { if (answer.ok) setAway(false); }, () => {});
  document.addEventListener("htmx:sendError", () => setAway(true));
  document.addEventListener("htmx:timeout", () => setAway(true));
  document.addEventListener("htmx:afterOnLoad", () => setAway(false));
  window.addEventListener("offline", () => setAway(true));
  window.addEventListener("online", () => setAway(false));

  // A button that has sent its form says so until the answer comes.
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (event.defaultPrevented || !button || event.target.method === "dialog") return;
    setTimeout(() => button.setAttribute("aria-busy", "true"));
    window.addEventListener("pageshow", () => button.removeAttribute("aria-busy"), { once: true });
    document.addEventListener("htmx:afterRequest", () => button.removeAttribute("aria-busy"), { once: true });
  });

  // A row's page beside the list.
  const drawer = document.getElementById("drawer");
  const hideDrawer = () => { if (drawer) { drawer.hidden = true; drawer.textContent = ""; } };
  document.addEventListener("click", (event) => { if (event.target.closest("[data-close-drawer]")) hideDrawer(); });
  const wide = window.matchMedia("(min-width: 75rem)");
  const showPeeks = (part) => part.querySelectorAll(".peek[hidden]").forEach((button) => { button.hidden = !wide.matches; });
  showPeeks(document);
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target !== drawer || !drawer) return;
    drawer.hidden = false;
  });

  // Heads of tables sort what is shown.
  document.querySelectorAll("table.sortable thead th").forEach((head) => {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "sort", textContent: head.textContent });
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      head.parentElement.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const body = head.closest("table").tBodies[0];
      const column = [...head.parentElement.children].indexOf(head);
      const value = (tr) => { const cell = tr.children[column]; return cell.dataset.sort || cell.innerText.trim(); };
      [...body.rows].sort((a, b) => value(a).localeCompare(value(b), "zh-CN", { numeric: true }) * (down ? -1 : 1)).forEach((tr) => body.append(tr));
    });
  });

  // A part that asks for itself again is put in where something has changed only, and what had the focus keeps it.
  const asking = "[hx-trigger^=every]";
  let held = "";
  document.addEventListener("htmx:beforeSwap", (event) => {
    const part = event.detail.target, fresh = document.createElement("template");
    if (!part.matches(asking)) return;
    fresh.innerHTML = event.detail.serverResponse;
    if (fresh.innerHTML.trim() === part.innerHTML.trim()) event.detail.shouldSwap = false;
    held = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : "";
  });

  // What a script has put into the page is read out and reached by keyboard.
  document.addEventListener("htmx:afterSwap", (event) => {
    showCopies(event.target);
    if (event.target === drawer) { drawer.querySelector("a").focus(); return; }
    if (event.target.matches(asking)) {
      const link = held && event.target.querySelector(`a[href="${CSS.escape(held)}"]`);
      if (link) link.focus();
      return;
    }
    if (event.target.id === "price") return;
    const first = event.target.querySelector("input:not([type=hidden]), textarea, select, button");
    if (first) first.focus();
  });

  const charts = document.querySelector("[data-stream]");
  if (charts) window.addEventListener("load", () => live(charts));

  function live(box) {
    if (!window.uPlot || !window.EventSource) return;
    const css = getComputedStyle(document.documentElement);
    const color = (name) => css.getPropertyValue(name).trim();
    const keep = 120, every = 5; // points, and seconds between two
    const clock = new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Shanghai", timeStyle: "medium" });
    const at = [], rows = { pushes: [], delivered: [], pending: [], p99_ms: [] };
    const plot = (id, series) => {
      const element = document.getElementById(id);
      const axis = { stroke: color("--soft"), grid: { stroke: color("--line") }, ticks: { stroke: color("--line") } };
      const chart = new uPlot({
        width: element.clientWidth, height: 160, legend: { live: false }, cursor: { show: false }, padding: [null, 28, null, null], // room for half a time
        scales: { x: { range: (u, min, max) => [Math.min(min, max - 60), max] }, y: { range: (u, min, max) => [0, Math.max(1, max * 1.1)] } },
        axes: [{ ...axis, values: (u, splits) => splits.map((s) => clock.format(s * 1000)), space: 80 }, { ...axis, size: 44 }],
        series: [{}, ...series.map(([label, stroke]) => ({ label, stroke: color(stroke), width: 2, points: { size: 4 } }))],
      }, [[], ...series.map(() => [])], element);
      window.addEventListener("resize", () => chart.setSize({ width: element.clientWidth, height: 160 }));
      return chart;
    };
    const flow = plot("chart-flow", [[box.dataset.pushes, "--accent"], [box.dataset.delivered, "--wait"]]);
    const pending = plot("chart-pending", [[box.dataset.pending, "--wait"]]);
    const p99 = plot("chart-p99", [[box.dataset.p99, "--accent"]]);
    const add = (point) => {
      at.push(point.at);
      for (const name in rows) rows[name].push(point[name] ?? null);
      if (at.length > keep) { at.shift(); for (const name in rows) rows[name].shift(); }
    };
    const stream = new EventSource(box.dataset.stream);
    stream.onmessage = (event) => {
      const point = JSON.parse(event.data), last = at[at.length - 1];
      if (point.at <= last) return; // a server that was away begins with points of the past
      if (point.at - last > 3 * every) add({ at: last + every }); // a gap, not a line across it
      add(point);
      flow.setData([at, rows.pushes, rows.delivered]);
      pending.setData([at, rows.pending]);
      p99.setData([at, rows.p99_ms]);
      box.dataset.points = at.length;
    };
    window.addEventListener("pagehide", () => stream.close());
  }
})();
