"use strict";
/* A table of attacks and protections; each cell opens the page of its trace in a frame. What the frame needs stands in
 * this page: the trace page's style, script and body as texts, and the events of each cell as JSON. */

const WORDS = { "stopped": { sign: "\u2713", cls: "stopped" }, "not stopped": { sign: "\u2717", cls: "open" },
	"undecided": { sign: "?", cls: "undecided" } };
const book = JSON.parse(document.getElementById("book").textContent);
const get = (id) => document.getElementById(id);

function make(tag, cls, text, attrs) {
	const e = document.createElement(tag);
	if (cls)
		e.className = cls;
	if (text !== undefined && text !== null)
		e.textContent = text;
	for (const a in attrs || {})
		e.setAttribute(a, attrs[a]);
	return e;
}

function verdictOf(cell) {
	const w = WORDS[cell.verdict] || WORDS.undecided, e = make("span", "verdict " + w.cls);
	e.append(make("span", "sign", w.sign + " ", { "aria-hidden": "true" }), cell.verdict);
	return e;
}

/* --- the tables ------------------------------------------------------------------------------------------------------ */

function brief(cell) {
	if (cell.verdict === "stopped" && cell.decided_by)
		return cell.decided_by.text;
	return cell.verdict === "not stopped" ? "mallory has " + cell.got : "it has shown nothing";
}

function cellLink(cell) {
	const a = make("a", "cell " + (WORDS[cell.verdict] || WORDS.undecided).cls, null, { href: "#" + cell.cell });
	a.append(make("span", "against", cell.protection), verdictOf(cell), make("span", "brief", brief(cell)));
	if (!cell.as_predicted)
		a.append(make("span", "surprise", "predicted: " + cell.predicted));
	return a;
}

function family(title, cells) {
	const attacks = [...new Set(cells.map((c) => c.attack))], protections = [...new Set(cells.map((c) => c.protection))];
	const box = make("section"), table = make("table"), head = make("tr"), body = make("tbody"), top = make("thead");
	head.append(make("th", "corner", "attack \u00D7 protection", { scope: "col" }),
		...protections.map((p) => make("th", "", p, { scope: "col" })));
	for (const attack of attacks) {
		const tr = make("tr");
		tr.append(make("th", "", attack, { scope: "row" }));
		for (const p of protections) {
			const cell = cells.find((c) => c.attack === attack && c.protection === p), td = make("td", cell ? "" : "none");
			td.append(cell ? cellLink(cell) : "\u2013");
			tr.append(td);
		}
		body.append(tr);
	}
	top.append(head);
	table.append(top, body);
	const scroll = make("div", "sideways");
	scroll.append(table);
	box.append(make("h2", "", title), scroll);
	return box;
}

function drawFront() {
	const titles = [...new Set(book.cells.map((c) => c.family))];
	const n = (v) => book.cells.filter((c) => c.verdict === v).length, odd = book.cells.filter((c) => !c.as_predicted).length;
	document.title = book.title + " \u2013 Glassnet";
	get("book-title").textContent = book.title;
	get("book-when").textContent = book.start.replace("T", " ").replace(/\.\d+Z$/, " UTC");
	get("count").textContent = book.cells.length + " cells: " + n("stopped") + " stopped, " + n("not stopped") + " not stopped, " +
		n("undecided") + " undecided" + (odd ? "; " + odd + " otherwise than predicted." : "; all as predicted.");
	get("families").replaceChildren(...titles.map((t) => family(t, book.cells.filter((c) => c.family === t))));
}

/* --- one cell -------------------------------------------------------------------------------------------------------- */

function facts(cell) {
	const out = [], say = (name, text, extra) => {
		if (!text)
			return;
		const dd = make("dd", "", text);
		if (extra)
			dd.append(" ", make("span", "extra", extra));
		out.push(make("dt", "", name), dd);
	};
	const by = cell.decided_by, packet = cell.packet ? "packet #" + cell.packet : "";
	say("mallory tried", cell.tried || "nothing that could be seen");
	say("mallory got", cell.got || "nothing");
	say("and could not get", cell.not_got);
	say(cell.overruled ? "decided, overruled" : "decided by", by ? by.text : "", by ? by.check + (packet ? ", " + packet : "") : packet);
	say("what it means", cell.as_predicted ? cell.lesson : "");
	return out;
}

/* '<' would end the frame's data block early. */
function dataBlock(cell) {
	const part = document.querySelector('script[data-part="' + CSS.escape(cell.cell) + '"]');
	if (!part)
		return null;
	const trace = JSON.parse(part.textContent);
	trace.lab = book.lab;
	trace.packet = cell.packet; /* the one that decided is looked at first */
	return JSON.stringify(trace).replace(/</g, "\\u003c");
}

function frameOf(cell) {
	const data = dataBlock(cell), end = "</" + "script>";
	if (!data)
		return make("p", "", "There are no packets of this cell.");
	const frame = make("iframe", "", null, { title: "The packets of " + cell.attack + " against " + cell.protection });
	frame.addEventListener("load", () => {
		const inner = frame.contentDocument;
		inner.documentElement.dataset.theme = theme();
		inner.querySelector("header").hidden = true; /* it stands above */
		inner.addEventListener("keydown", onKey);
	});
	frame.srcdoc = "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>trace</title>" +
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><style>" + get("page-style").textContent +
		"</style></head>" + get("page-body").textContent + "<script type=\"application/json\" id=\"trace\">" + data + end +
		"<script>" + get("page-script").textContent + end + "</body></html>";
	return frame;
}

function neighbour(id, cell, text) {
	const a = get(id);
	a.hidden = !cell;
	if (!cell)
		return;
	a.href = "#" + cell.cell;
	a.textContent = text;
	a.setAttribute("aria-label", text + ": " + cell.attack + ", " + cell.protection);
}

function showCell(cell) {
	const i = book.cells.indexOf(cell);
	get("cell-title").textContent = cell.attack + " \u00D7 " + cell.protection;
	get("cell-verdict").replaceChildren(verdictOf(cell), " predicted: " + cell.predicted);
	get("cell-facts").replaceChildren(...facts(cell));
	get("cell-frame").replaceChildren(frameOf(cell));
	neighbour("cell-before", book.cells[i - 1], "\u2190 before");
	neighbour("cell-after", book.cells[i + 1], "next \u2192");
}

/* --- where we are: the fragment says it, so that a cell can be linked to, and the browser's way back works ------------ */

let last = null;

function go() {
	const id = decodeURIComponent(location.hash.slice(1)), cell = book.cells.find((c) => c.cell === id);
	get("front").hidden = !!cell;
	get("cell").hidden = !cell;
	if (cell) {
		showCell(cell);
		get("cell").focus({ preventScroll: true });
		scrollTo(0, 0);
	} else {
		get("cell-frame").replaceChildren();
		const from = last && [...document.querySelectorAll("a.cell")].find((a) => a.getAttribute("href") === "#" + last);
		if (from)
			from.focus();
	}
	last = cell ? id : null;
}

function onKey(ev) {
	if (ev.key === "Escape" && last) {
		ev.preventDefault();
		location.hash = "";
	}
}

/* As the system has it, until the button says otherwise. */
const dark = matchMedia("(prefers-color-scheme: dark)");

function theme() {
	return document.documentElement.dataset.theme || (dark.matches ? "dark" : "light");
}

function nameTheme() {
	get("book-theme").textContent = theme() === "dark" ? "\u2600\uFE0E Light" : "\u263E Dark";
	get("book-theme").setAttribute("aria-label", "Change to the " + (theme() === "dark" ? "light" : "dark") + " theme");
	const frame = document.querySelector("#cell-frame iframe");
	if (frame && frame.contentDocument)
		frame.contentDocument.documentElement.dataset.theme = theme();
}

get("book-theme").addEventListener("click", () => {
	document.documentElement.dataset.theme = theme() === "dark" ? "light" : "dark";
	nameTheme();
});
dark.addEventListener("change", nameTheme);
document.addEventListener("keydown", onKey);
addEventListener("hashchange", go);
drawFront();
nameTheme();
go();
