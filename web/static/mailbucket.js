// What makes the pages better; they work without it.
"use strict";

const byId = (id) => document.getElementById(id);
const list = () => byId("list");
const mail = () => byId("mail");
const rows = () => [...document.querySelectorAll("#list .row:not(.going)")];
const linkOf = (row) => row.querySelector(".subject");
const focusedRow = () => document.activeElement?.closest("#list .row") ?? null;
const boxes = () => rows().map((row) => row.querySelector("input"));
const ticked = () => boxes().filter((box) => box.checked);
const wide = () => matchMedia("(min-width: 60rem)").matches;
const base = new URL(document.querySelector(".brand").getAttribute("href"), location.href).href;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const stored = (name) => { try { return localStorage.getItem(`mailbucket.${name}`); } catch { return null; } };
const store = (name, value) => { try { localStorage.setItem(`mailbucket.${name}`, value); } catch { /* not allowed: for this page only */ } };

// Times: how long ago, with the time itself at hand.
const relative = new Intl.RelativeTimeFormat(undefined, { style: "narrow" });
function showTimes(within) {
	for (const time of within.querySelectorAll("time")) {
		const at = new Date(time.dateTime);
		const seconds = (Date.now() - at) / 1000;
		time.title = at.toLocaleString();
		time.textContent = seconds < 60 ? relative.format(-Math.max(0, Math.round(seconds)), "second")
			: seconds < 3600 ? relative.format(-Math.round(seconds / 60), "minute")
			: seconds < 86400 ? relative.format(-Math.round(seconds / 3600), "hour")
			: at.toLocaleDateString([], { dateStyle: "medium" });
	}
}

async function copy(button) {
	const text = button.dataset.copy.replaceAll("{base}", base);
	try {
		await navigator.clipboard.writeText(text);
	} catch {
		// Only pages from a secure origin have the clipboard.
		const area = document.createElement("textarea");
		area.value = text;
		document.body.append(area);
		area.select();
		document.execCommand("copy");
		area.remove();
		button.focus();
	}
	const label = button.textContent;
	if (label === button.dataset.done) return;
	button.textContent = button.dataset.done;
	setTimeout(() => { button.textContent = label; }, 1500);
}

// A frame of some width is scaled down to its place.
const fits = new ResizeObserver((entries) => {
	for (const { target } of entries) {
		const width = Number(/w(\d+)/.exec(target.className)?.[1]);
		if (!width) continue;
		const scale = Math.min(1, target.clientWidth / width);
		target.classList.toggle("scaled", scale < 1);
		target.style.setProperty("--scale", scale);
	}
});

function prepare(within) {
	showTimes(within);
	for (const button of within.querySelectorAll("button.copy")) button.hidden = false;
	for (const fit of within.querySelectorAll(".fit")) fits.observe(fit);
	const all = within.querySelector("label.all");
	if (all) all.hidden = false;
	const notify = within.querySelector("#notify");
	if (notify) notify.hidden = !("Notification" in window) || stored("notify") === "on";
	// Deleting can be taken back, so that it is not asked twice.
	const sure = within.querySelector(".sure");
	if (sure) {
		const button = sure.querySelector("button");
		button.textContent = sure.querySelector("summary").textContent.replace("…", "");
		sure.replaceWith(button);
	}
	showSelection();
}

function showSelection() {
	const all = byId("all");
	if (!all) return;
	const count = ticked().length;
	all.checked = count > 0 && count === boxes().length;
	all.indeterminate = count > 0 && !all.checked;
	byId("selected").textContent = count ? `(${count})` : "";
	byId("delete").hidden = count === 0;
}

// Panes: a link to another state of this page is followed by fetching that page and
// putting its panes in place.

const isPane = (url) => url.origin === location.origin && (url.href.split(/[?#]/)[0] === base ||
	(url.pathname.startsWith(new URL(base).pathname + "view/") && !url.pathname.endsWith("/sessions")));
let going = 0;

async function load(url) {
	const response = await fetch(url, { headers: { Accept: "text/html" } });
	const page = new DOMParser().parseFromString(await response.text(), "text/html");
	return response.ok && page.getElementById("list") ? page : null;
}

async function go(url, remember) {
	const turn = ++going;
	let page;
	try {
		page = await load(url);
	} catch { /* the server is away: the browser says so */ }
	if (turn !== going) return;
	if (!page) {
		location.href = url;
		return;
	}
	if (remember) history[remember](null, "", url);
	document.title = page.title;
	document.body.className = page.body.className;
	const fresh = page.getElementById("list");
	if (fresh.dataset.here === list().dataset.here) {
		const id = page.getElementById("mail").dataset.id;
		for (const row of rows()) {
			row.classList.toggle("current", row.dataset.id === id);
			if (row.dataset.id === id) setRead(row, true);
		}
	} else {
		const top = fresh.querySelector(".rows")?.scrollTop ?? 0;
		replaceList(fresh);
		if (list().querySelector(".rows")) list().querySelector(".rows").scrollTop = top;
		if (following) following.restart();
	}
	mail().replaceWith(page.getElementById("mail"));
	prepare(mail());
	document.querySelector(".row.current")?.scrollIntoView({ block: "nearest" });
	const anchor = new URL(url, location.href).hash.slice(1);
	if (anchor) byId(anchor)?.focus();
	else if (document.body.classList.contains("at-mail") && !wide()) document.querySelector("#mail h1").scrollIntoView();
}

function setRead(row, read) {
	row.classList.toggle("unread", !read);
	if (read) row.querySelector(".who .hidden")?.remove();
}

document.addEventListener("click", (event) => {
	const link = event.target.closest("a");
	if (!link || event.defaultPrevented || event.button || event.altKey || event.metaKey || event.ctrlKey || event.shiftKey || link.target || link.hasAttribute("download")) return;
	const url = new URL(link.href);
	if (!isPane(url) || !list()) return;
	event.preventDefault();
	// Views of one email are one step back.
	const sameMail = link.closest("#mail .choose, #show") && document.body.classList.contains("at-mail");
	go(url.href, sameMail ? "replaceState" : "pushState");
});

addEventListener("popstate", () => { if (list()) go(location.href); });

// The list: what happens while it is open.

const minPause = 200, busyPause = 1500; // between two refreshes, in milliseconds
let refreshed = 0, arrived = 0;

// What a reader is about to use must not move.
function inUse() {
	const scroller = list().querySelector(".rows");
	const scrolled = wide() ? scroller?.scrollTop > 0 : document.body.classList.contains("at-list") && scrollY > 0;
	const marked = getSelection();
	return scrolled || ticked().length > 0 || list().querySelector("details[open]") !== null || pending !== null ||
		(!marked.isCollapsed && list().contains(marked.anchorNode));
}

function showNews() {
	const button = byId("news");
	button.hidden = arrived === 0;
	button.textContent = (arrived === 1 ? button.dataset.one : button.dataset.other).replace("%s", arrived);
}

async function refresh() {
	const since = Date.now() - refreshed;
	await sleep((since < 2 * busyPause ? busyPause : minPause) - Math.min(since, minPause));
	const page = await load(list().dataset.here);
	refreshed = Date.now();
	if (!page) return;
	if (document.body.classList.contains("at-list")) document.title = page.title;
	replaceList(page.getElementById("list"));
}

function replaceList(fresh) {
	const old = new Set(rows().map((row) => row.dataset.id));
	const checked = new Set(ticked().map((box) => box.value));
	const focused = focusedRow()?.dataset.id;
	const onBox = document.activeElement?.type === "checkbox";
	const current = mail().dataset.id;
	list().replaceWith(fresh);
	arrived = 0;
	for (const row of rows()) {
		const id = row.dataset.id;
		row.classList.toggle("current", id === current);
		row.querySelector("input").checked = checked.has(id);
		if (old.size > 0 && !old.has(id)) row.classList.add("fresh");
		if (pending?.has(id)) row.classList.add("going");
	}
	prepare(fresh);
	const again = focused && rows().find((row) => row.dataset.id === focused);
	if (again) (onBox ? again.querySelector("input") : linkOf(again)).focus({ preventScroll: true });
}

function removeRows(ids) {
	const gone = new Set(ids);
	const shown = rows().filter((row) => gone.has(row.dataset.id));
	for (const row of shown) row.remove();
	if (gone.has(mail().dataset.id)) say(mail().dataset.gone);
	showSelection();
	return shown.length > 0;
}

let following = null;

// A tab that cannot be seen has no stream, as browsers open six connections to a host
// at most. It asks now and then, for its title.
function follow() {
	const state = byId("live");
	const words = state.textContent;
	let source, again;
	const update = async () => {
		try {
			await refresh();
		} catch {
			await sleep(1000);
		}
	};
	const news = async () => {
		arrived++;
		if (inUse()) {
			showNews();
			return;
		}
		source?.close();
		await update();
		open();
	};
	const change = (event) => {
		const { ids, read } = JSON.parse(event.data);
		if (event.type === "deleted") {
			if (removeRows(ids) && !inUse()) later();
		} else {
			for (const row of rows()) if (ids.includes(row.dataset.id)) setRead(row, read);
		}
	};
	const later = () => {
		clearTimeout(again);
		again = setTimeout(async () => { if (!inUse()) await update(); }, 500);
	};
	const open = () => {
		source?.close();
		if (document.hidden) return;
		source = new EventSource(list().dataset.events);
		source.onopen = () => {
			state.hidden = false;
			state.textContent = words;
			state.classList.remove("off");
		};
		source.onmessage = news;
		source.addEventListener("deleted", change);
		source.addEventListener("read", change);
		source.addEventListener("reset", later);
		source.onerror = () => {
			state.textContent = state.dataset.interrupted;
			state.classList.add("off");
			if (source.readyState === EventSource.CLOSED) setTimeout(open, 2000);
		};
	};
	const look = async () => {
		if (!document.hidden) return;
		const url = new URL(list().dataset.events, location.href);
		url.pathname = url.pathname.replace(/events$/, "emails");
		url.searchParams.set("limit", "1");
		// The place in the order of all events begins with the newest email, if there was one.
		const newest = url.searchParams.get("after").split("-")[0];
		if (/[^0]/.test(newest)) url.searchParams.set("after", newest);
		else url.searchParams.delete("after");
		try {
			const { totalResults, results } = await (await fetch(url)).json();
			if (totalResults > arrived) {
				arrived = totalResults;
				document.title = document.title.replace(/^(\(\+\d+\) )?/, `(+${totalResults}) `);
				tell(results[0]);
			}
		} catch { /* it is asked again */ }
	};
	document.addEventListener("visibilitychange", async () => {
		source?.close();
		if (document.hidden) return;
		document.title = document.title.replace(/^\(\+\d+\) /, "");
		if (arrived > 0 && inUse()) showNews();
		else await update();
		open();
	});
	setInterval(look, 5000);
	// A page from the browser's memory is as old as it was left.
	addEventListener("pageshow", async (event) => { if (event.persisted) { await update(); open(); } });
	addEventListener("pagehide", () => source?.close());
	following = { restart: open, async news() { await update(); open(); } };
	open();
}

function tell(entry) {
	if (stored("notify") !== "on" || Notification.permission !== "granted" || !entry) return;
	new Notification(entry.subject, { body: entry.recipients.join(", "), tag: "mailbucket" });
}

// Deleting can be taken back for some seconds: it is asked for after that.

const undoFor = 6000;
let pending = null;

function say(text, undo) {
	const toast = byId("toast"), button = toast.querySelector("button");
	toast.querySelector("span").textContent = text;
	toast.classList.toggle("shown", text !== "");
	button.hidden = !undo;
	button.onclick = undo;
	if (text && !undo) setTimeout(() => { if (toast.textContent.startsWith(text)) say(""); }, 4000);
}

function deleteLater(form, fields, ids, text) {
	pending?.send();
	const body = new URLSearchParams(fields);
	const all = ids === null;
	const chosen = new Set(ids ?? []);
	const shown = rows().filter((row) => all || chosen.has(row.dataset.id));
	for (const row of shown) {
		row.classList.add("going");
		row.querySelector("input").checked = false;
	}
	const done = () => {
		clearTimeout(timer);
		if (pending === deletion) pending = null;
		say("");
		showSelection();
	};
	const deletion = {
		has: (id) => all || chosen.has(id),
		async send() {
			done();
			await fetch(form, { method: "POST", body, keepalive: true }).catch(() => {});
			following?.news();
		},
	};
	const timer = setTimeout(deletion.send, undoFor);
	pending = deletion;
	say(text, () => {
		done();
		for (const row of document.querySelectorAll(".row.going")) row.classList.remove("going");
		following?.news();
	});
	showSelection();
}

addEventListener("pagehide", () => pending?.send());

document.addEventListener("submit", (event) => {
	const button = event.submitter, form = event.target;
	if (!list() || form.method !== "post") return;
	event.preventDefault();
	for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
	const label = button.textContent.trim();
	if (form.closest("#mail")) {
		const id = mail().dataset.id;
		const next = document.querySelector("#mail a[rel=next]") ?? document.querySelector("#mail a[rel=up]");
		deleteLater(form.action, {}, [id], label);
		go(next.href, "pushState");
		return;
	}
	const newest = form.elements.newest.value;
	if (button.value === "matching") {
		deleteLater(form.action, [["delete", "matching"], ["newest", newest]], null, label);
		return;
	}
	const ids = ticked().map((box) => box.value);
	if (ids.length === 0) return;
	const after = rows().find((row) => !ids.includes(row.dataset.id) && ids.includes(row.previousElementSibling?.dataset.id));
	deleteLater(form.action, [["delete", "selected"], ["newest", newest], ...ids.map((id) => ["id", id])], ids, label);
	if (after) linkOf(after).focus({ preventScroll: true });
});

// Keys.

function move(step) {
	if (document.body.classList.contains("at-mail")) {
		document.querySelector(step > 0 ? "#mail a[rel=next]" : "#mail a[rel=prev]")?.click();
		return;
	}
	const all = rows();
	const at = all.indexOf(focusedRow());
	const to = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + step))];
	if (!to) return;
	linkOf(to).focus();
	to.scrollIntoView({ block: "nearest" });
}

function remove() {
	const row = focusedRow();
	if (ticked().length === 0 && row) row.querySelector("input").checked = true;
	showSelection();
	if (ticked().length > 0) byId("delete").click();
	else document.querySelector("#mail button.delete")?.click();
}

const keys = {
	j: () => move(1),
	k: () => move(-1),
	o: () => focusedRow() && linkOf(focusedRow()).click(),
	x: () => focusedRow()?.querySelector("input").click(),
	u: () => document.querySelector("main a[rel=up]")?.click(),
	d: remove,
	"/": () => {
		document.querySelector("input[name=q]").focus();
		document.querySelector("input[name=q]").select();
	},
	"?": () => byId("help").showModal(),
};

document.addEventListener("keydown", (event) => {
	const typing = event.target.closest("input:not([type=checkbox]), textarea, dialog[open]");
	if (event.key === "Escape") {
		for (const menu of document.querySelectorAll("details.menu[open]")) {
			menu.open = false;
			menu.querySelector("summary").focus();
		}
		if (typing?.name === "q") typing.blur();
	}
	if (typing || event.ctrlKey || event.altKey || event.metaKey || !Object.hasOwn(keys, event.key)) return;
	event.preventDefault();
	keys[event.key]();
});

// Keys go to a frame that was clicked, until the pointer leaves it.
document.addEventListener("mouseover", (event) => {
	if (document.activeElement?.tagName === "IFRAME" && !event.target.closest(".fit")) {
		document.activeElement.blur();
		window.focus();
	}
});

let lastTicked = null;

document.addEventListener("click", (event) => {
	const button = event.target.closest("button.copy");
	if (button) copy(button);
	for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
	if (event.target.id === "news") following.news();
	const box = event.target.closest("#list .tick input");
	if (!box) return;
	const all = boxes(), from = all.indexOf(lastTicked), to = all.indexOf(box);
	if (event.shiftKey && from >= 0) for (const between of all.slice(Math.min(from, to), Math.max(from, to) + 1)) between.checked = box.checked;
	lastTicked = box;
	showSelection();
});

// A click on a row with Shift or Ctrl selects, as elsewhere.
document.addEventListener("click", (event) => {
	const row = event.target.closest("#list .row");
	if (!row || !(event.shiftKey || event.ctrlKey || event.metaKey) || event.target.closest("input, button, label")) return;
	event.preventDefault();
	event.stopImmediatePropagation();
	row.querySelector("input").dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: event.shiftKey }));
}, true);

document.addEventListener("change", (event) => {
	if (event.target.id === "all") for (const box of boxes()) box.checked = event.target.checked;
	showSelection();
});

document.addEventListener("click", async (event) => {
	if (event.target.id !== "notify") return;
	if (await Notification.requestPermission() === "granted") {
		store("notify", "on");
		event.target.hidden = true;
	} else {
		say(event.target.dataset.denied);
	}
});

const themes = ["", "light", "dark"];
document.documentElement.dataset.theme = stored("theme") ?? "";
byId("theme").hidden = false;
byId("theme").addEventListener("click", () => {
	const next = themes[(themes.indexOf(document.documentElement.dataset.theme) + 1) % themes.length];
	document.documentElement.dataset.theme = next;
	store("theme", next);
});
byId("keys").hidden = false;
byId("keys").addEventListener("click", () => byId("help").showModal());

prepare(document);
setInterval(() => showTimes(document), 30000);
if (list()) follow();
