// What makes the pages better; they work without it.
"use strict";

const byId = (id) => document.getElementById(id);
const list = () => byId("list");
const mail = () => byId("mail");
const rows = () => [...document.querySelectorAll("#list .row:not(.going)")];
const linkOf = (row) => row.querySelector(".subject");
const focusedRow = () => document.activeElement?.closest("#list .row") ?? null;
const boxes = () => [...document.querySelectorAll("#list .row:not(.going) .tick input")]; // none where nothing can be changed
const ticked = () => boxes().filter((box) => box.checked);
const wide = () => matchMedia("(min-width: 60rem)").matches;
const base = new URL(document.querySelector(".brand").getAttribute("href"), location.href).href;
const countWords = (element, count) => (count === 1 ? element.dataset.single : element.dataset.plural).replace("%s", count.toLocaleString("en"));
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
	byId("arrivals").textContent = button.dataset.done; // is said aloud
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
	const density = within.querySelector("#density");
	if (density) {
		density.hidden = false;
		density.setAttribute("aria-pressed", document.documentElement.dataset.density !== "");
	}
	const notify = within.querySelector("#notify");
	if (notify) notify.hidden = !("Notification" in window) || stored("notify") === "on";
	within.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
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

// makeAbsolute makes URLs of a page hold at any other address too: those in panes are
// relative to the address at which they were drawn.
function makeAbsolute(page, url) {
	for (const name of ["href", "src", "action", "data-here", "data-events", "data-read", "data-unread"]) {
		for (const element of page.querySelectorAll(`[${name}]`)) {
			const value = element.getAttribute(name);
			if (!value.startsWith("#")) element.setAttribute(name, new URL(value, url).href);
		}
	}
}

async function load(url) {
	const response = await fetch(url, { headers: { Accept: "text/html" } });
	const page = new DOMParser().parseFromString(await response.text(), "text/html");
	makeAbsolute(page, response.url);
	return response.ok && page.getElementById("list") ? page : null;
}

// The title begins with how many are unread, and the icon has a dot if any are.
function showTitle(title) {
	document.title = title;
	const icon = document.querySelector("link[rel=icon]");
	const href = /^\(\+?\d/.test(title) ? icon.dataset.unread : icon.dataset.read;
	if (icon.getAttribute("href") !== href) icon.setAttribute("href", href);
}

// renew puts what a page has around its panes in the place of what is shown, unless it is
// in use.
function renew(page, ...selectors) {
	for (const selector of selectors) {
		const fresh = page.querySelector(selector), shown = document.querySelector(selector);
		if (fresh && !shown.contains(document.activeElement)) shown.replaceWith(fresh);
	}
}

// focusMail puts the focus where it was in the pane before, or to the subject if it was
// lost, or led here by a key.
function focusMail(before, byKey) {
	const links = [...mail().querySelectorAll("a")];
	const again = before && links.find((link) => link.rel === before.rel && (link.rel || link.href === before.href));
	if (before || byKey) (again ?? mail().querySelector("h1"))?.focus({ preventScroll: true });
}

async function go(url, remember, byKey) {
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
	showTitle(page.title);
	document.body.className = page.body.className;
	renew(page, ".skip", ".search", "footer", "#words");
	const before = mail().contains(document.activeElement) ? document.activeElement : null;
	mail().replaceWith(page.getElementById("mail"));
	const fresh = page.getElementById("list");
	if (fresh.dataset.here === list().dataset.here) {
		const id = mail().dataset.id;
		for (const row of rows()) {
			row.classList.toggle("current", row.dataset.id === id);
			if (row.dataset.id === id && !("readOnly" in list().dataset)) setRead(row, true);
		}
	} else {
		const top = fresh.querySelector(".rows")?.scrollTop ?? 0;
		replaceList(fresh);
		if (list().querySelector(".rows")) list().querySelector(".rows").scrollTop = top;
	}
	prepare(mail());
	document.querySelector(".row.current")?.scrollIntoView({ block: "nearest" });
	const anchor = new URL(url, location.href).hash.slice(1);
	if (anchor) byId(anchor)?.focus();
	else focusMail(before, byKey);
	if (!anchor && document.body.classList.contains("at-mail") && !wide()) document.querySelector("#mail h1").scrollIntoView();
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
	go(url.href, sameMail ? "replaceState" : "pushState", event.detail === 0);
});

addEventListener("popstate", () => { if (list()) go(location.href); });
