/* The page as a whole: what is picked, keys and buttons, play, theme, paper. */

const PLAY_MS = 1400;

class Page {
	constructor(model) {
		this.model = model;
		this.at = 0;
		this.timer = 0;
		document.title = model.title + " \u2013 Glassnet";
		$("title").textContent = model.title;
		$("when").textContent = model.start.replace("T", " ").replace(/\.\d+Z$/, " UTC") + " \u00B7 " + model.messages.length +
			(model.messages.length === 1 ? " message" : " messages") + (model.leftOut ? "; " + model.leftOut + " more are not in this page" : "");
		this.detail = new Detail(model);
		this.legend();
		this.drawMap();
		$("chart-box").hidden = model.curve.length === 0;
		if (model.curve.length)
			$("chart").replaceChildren(...drawChart(model.curve));
		this.ladder = new Ladder(model, $("ladder"), $("lanes"), (i) => this.pick(i));
		this.controls();
		this.go(this.fromFragment());
	}

	legend() {
		const used = new Set(this.model.messages.map((m) => m.secrecy));
		const items = [1, 2, 3].filter((s) => used.has(s)).map((s) => {
			const item = el("span", "item"), pic = svg("svg", { width: 46, height: 14, "aria-hidden": "true" });
			pic.append(arrow(4, 44, 7, s));
			item.append(pic, badge(s));
			return item;
		});
		$("legend").replaceChildren(...items);
	}

	drawMap() {
		$("map-box").hidden = this.model.hosts.length < 2;
		if (this.model.hosts.length < 2)
			return;
		this.map = drawMap(this.model, Math.max(280, $("map").clientWidth || 600));
		$("map").replaceChildren(this.map.root);
	}

	/* --- moving -------------------------------------------------------------------------------------------------- */

	fromFragment() {
		const n = Number(location.hash.replace("#row-", ""));
		const told = this.model.messages.find((m) => m.packet && m.packet === this.model.packet); /* who made the page says where to begin */
		const first = told ? told.i : this.model.stops.length ? this.model.stops[0].i : 0;
		return location.hash && Number.isInteger(n) && n >= 0 && n < this.model.rows.length ? n : first;
	}

	go(i) {
		if (!this.model.rows.length)
			return;
		this.at = Math.max(0, Math.min(i, this.model.rows.length - 1));
		const row = this.model.rows[this.at];
		this.ladder.pick(this.at);
		this.detail.show(this.at);
		if (this.map)
			showOnMap(this.map, row);
		const stop = this.stopIndex(1);
		$("slider").value = stop;
		$("where").textContent = (stop + 1) + " of " + this.model.stops.length;
		document.body.dataset.at = this.at;
	}

	pick(i) {
		this.pause();
		this.go(i);
		if (location.protocol !== "about:") /* a frame's own page has no address to change */
			history.replaceState(null, "", "#row-" + this.at);
	}

	/* The last stop that is not after where we are; dir -1: the last before it, as a position to count from. */
	stopIndex() {
		const stops = this.model.stops;
		let lo = 0, hi = stops.length;
		while (lo < hi) {
			const mid = (lo + hi) >> 1;
			if (stops[mid].i <= this.at)
				lo = mid + 1;
			else
				hi = mid;
		}
		return Math.max(0, lo - 1);
	}

	step(dir) {
		const stops = this.model.stops, now = this.stopIndex(), on = stops[now].i === this.at;
		const next = dir > 0 ? (stops[now].i > this.at ? now : now + 1) : on ? now - 1 : now;
		if (next < 0 || next >= stops.length)
			return false;
		this.go(stops[next].i);
		return true;
	}

	/* --- playing ------------------------------------------------------------------------------------------------- */

	play() {
		if (this.stopIndex() === this.model.stops.length - 1)
			this.go(this.model.stops[0].i);
		this.timer = setInterval(() => this.step(1) || this.pause(), PLAY_MS);
		this.playing(true);
	}

	pause() {
		clearInterval(this.timer);
		this.timer = 0;
		this.playing(false);
	}

	playing(on) {
		const b = $("play");
		b.replaceChildren(on ? "\u23F8\uFE0E" : "\u25B6\uFE0E", el("span", "word", on ? " Pause" : " Play"));
		b.setAttribute("aria-label", on ? "Pause" : "Play");
	}

	/* --- controls ------------------------------------------------------------------------------------------------ */

	controls() {
		const stops = this.model.stops, user = (f) => () => {
			this.pause();
			f();
		};
		$("slider").max = Math.max(0, stops.length - 1);
		$("slider").addEventListener("input", user(() => this.go(stops[Number($("slider").value)].i)));
		$("first").addEventListener("click", user(() => this.go(stops[0].i)));
		$("last").addEventListener("click", user(() => this.go(stops[stops.length - 1].i)));
		$("back").addEventListener("click", user(() => this.step(-1)));
		$("next").addEventListener("click", user(() => this.step(1)));
		$("play").addEventListener("click", () => this.timer ? this.pause() : this.play());
		document.addEventListener("keydown", (ev) => this.key(ev));
		addEventListener("hashchange", () => this.go(this.fromFragment()));
		addEventListener("beforeprint", () => toPaper(this.model, this.ladder, this.detail));
		addEventListener("afterprint", () => {
			$("paper").replaceChildren();
			this.ladder.resize();
		});
		let wait = 0;
		addEventListener("resize", () => {
			clearTimeout(wait);
			wait = setTimeout(() => {
				this.drawMap();
				this.ladder.resize();
				this.go(this.at);
			}, 100);
		});
		this.themes();
	}

	key(ev) {
		const tag = ev.target.tagName;
		if (ev.altKey || ev.ctrlKey || ev.metaKey || tag === "INPUT" || (tag === "BUTTON" && (ev.key === " " || ev.key === "Enter")))
			return;
		const rows = this.model.rows.length, stops = this.model.stops;
		const does = { ArrowRight: () => this.step(1), ArrowLeft: () => this.step(-1), ArrowDown: () => this.go(Math.min(this.at + 1, rows - 1)),
			ArrowUp: () => this.go(this.at - 1), Home: () => this.go(stops[0].i), End: () => this.go(stops[stops.length - 1].i),
			" ": () => this.timer ? this.pause() : this.play() }[ev.key];
		if (!does)
			return;
		ev.preventDefault();
		if (ev.key !== " ")
			this.pause();
		does();
	}

	/* As the system has it, until the button says otherwise. */
	themes() {
		const dark = matchMedia("(prefers-color-scheme: dark)"), button = $("theme");
		const now = () => document.documentElement.dataset.theme || (dark.matches ? "dark" : "light");
		const name = () => {
			button.textContent = now() === "dark" ? "\u2600\uFE0E Light" : "\u263E Dark";
			button.setAttribute("aria-label", "Change to the " + (now() === "dark" ? "light" : "dark") + " theme");
		};
		button.addEventListener("click", () => {
			document.documentElement.dataset.theme = now() === "dark" ? "light" : "dark";
			name();
		});
		dark.addEventListener("change", name);
		name();
	}
}

new Page(readTrace(JSON.parse($("trace").textContent)));
