// What makes the pages better; they work without it.
"use strict";

const byId = (id) => document.getElementById(id);
const list = () => byId("list");
const rows = () => [...document.querySelectorAll("#list tbody tr")];
const linkOf = (row) => row.querySelector(".subject a");
const currentRow = () => document.activeElement?.closest("#list tbody tr") ?? null;
const confirmation = () => document.querySelector("details.confirm");

// Times in the reader's own zone: today's without the date.
function localTimes(within) {
	for (const time of within.querySelectorAll("time")) {
		const at = new Date(time.dateTime);
		const today = at.toDateString() === new Date().toDateString();
		time.title = at.toLocaleString();
		time.textContent = today
			? at.toLocaleTimeString()
			: at.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
	}
}

function showCopyButtons(within) {
	for (const button of within.querySelectorAll("button.copy")) button.hidden = false;
}

async function copy(button) {
	const text = button.dataset.copy;
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
	button.textContent = button.dataset.done;
	setTimeout(() => { button.textContent = label; }, 1500);
}

// The list: selecting.

function checkboxes() {
	return [...document.querySelectorAll("#list input[name=id]")];
}

function showSelection() {
	const all = byId("all");
	if (!all) return;
	const chosen = checkboxes().filter((box) => box.checked).length;
	all.checked = chosen > 0 && chosen === checkboxes().length;
	all.indeterminate = chosen > 0 && !all.checked;
	byId("selected").textContent = `(${chosen})`;
	document.querySelector("button[value=selected]").disabled = chosen === 0;
}

function prepare(within) {
	localTimes(within);
	showCopyButtons(within);
	const all = within.querySelector("label.all");
	if (all) all.hidden = false;
	showSelection();
}

// The list: what arrives while it is open. After an event the page is fetched again
// and put in place, then the stream goes on from there: however fast mail comes,
// there is one request at a time.

const minPause = 200; // between two refreshes, in milliseconds
let refreshed = 0;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function refresh() {
	await sleep(refreshed + minPause - Date.now());
	// What is about to be deleted must not change under the reader's hand.
	while (confirmation()?.open) await new Promise((resolve) => confirmation().addEventListener("toggle", resolve, { once: true }));
	const response = await fetch(location.href);
	refreshed = Date.now();
	if (!response.ok) return;
	const page = new DOMParser().parseFromString(await response.text(), "text/html");
	const fresh = page.getElementById("list");
	if (!fresh) return;
	document.title = page.title;
	const count = page.getElementById("count").textContent;
	if (byId("count").textContent !== count) byId("count").textContent = count;
	replaceList(fresh);
}

function replaceList(fresh) {
	const old = new Set(rows().map(linkOf).map((link) => link.id));
	const checked = new Set(checkboxes().filter((box) => box.checked).map((box) => box.value));
	const focused = currentRow();
	const id = focused && linkOf(focused).id;
	const onCheckbox = document.activeElement?.type === "checkbox";
	const top = focused?.getBoundingClientRect().top;
	list().replaceWith(fresh);
	for (const row of rows()) if (!old.has(linkOf(row).id)) row.classList.add("fresh");
	for (const box of checkboxes()) box.checked = checked.has(box.value);
	prepare(fresh);
	const again = id && byId(id)?.closest("tr");
	if (again) {
		(onCheckbox ? again.querySelector("input") : linkOf(again)).focus({ preventScroll: true });
		if (scrollY > 0) scrollBy(0, again.getBoundingClientRect().top - top);
	}
}

function follow() {
	const state = byId("live");
	const words = state.textContent;
	let source;
	const open = () => {
		source = new EventSource(list().dataset.events);
		source.onopen = () => {
			if (state.classList.contains("off")) next();
			state.hidden = false;
			state.textContent = words;
			state.classList.remove("off");
		};
		source.onmessage = next;
		source.onerror = () => {
			state.textContent = state.dataset.interrupted;
			state.classList.add("off");
			if (source.readyState === EventSource.CLOSED) setTimeout(open, 2000);
		};
	};
	const next = async () => {
		source.close();
		try {
			await refresh();
		} catch {
			await sleep(1000); // the server is away: the stream will tell when it is back
		}
		open();
	};
	open();
	// A page from the browser's memory is as old as it was left.
	addEventListener("pageshow", (event) => { if (event.persisted) next(); });
	addEventListener("pagehide", () => source.close());
}

// Keys.

function move(step) {
	const all = rows();
	if (all.length === 0) {
		document.querySelector(step > 0 ? "main a[rel=next]" : "main a[rel=prev]")?.click();
		return;
	}
	const at = all.indexOf(currentRow());
	const to = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + step))];
	linkOf(to).focus();
	to.scrollIntoView({ block: "nearest" });
}

function askToDelete() {
	const details = confirmation();
	if (!details) return;
	const row = currentRow();
	if (row && !checkboxes().some((box) => box.checked)) row.querySelector("input").checked = true;
	showSelection();
	details.open = true;
	// Enter must not delete all because nothing was selected.
	const button = details.querySelector(list() ? "button[value=selected]:enabled" : "button");
	(button ?? details.querySelector("summary")).focus();
}

const keys = {
	j: () => move(1),
	k: () => move(-1),
	o: () => currentRow() && linkOf(currentRow()).click(),
	x: () => currentRow()?.querySelector("input").click(),
	u: () => document.querySelector("main a[rel=up]")?.click(),
	d: askToDelete,
	"/": () => {
		document.querySelector("input[name=q]").focus();
		document.querySelector("input[name=q]").select();
	},
	"?": () => byId("help").showModal(),
};

function closeConfirmation() {
	const details = confirmation();
	if (!details?.open) return;
	details.open = false;
	details.querySelector("summary").focus();
}

document.addEventListener("keydown", (event) => {
	const typing = event.target.closest("input:not([type=checkbox]), textarea, dialog[open]");
	if (event.key === "Escape") {
		closeConfirmation();
		if (typing?.name === "q") typing.blur();
	}
	if (typing || event.ctrlKey || event.altKey || event.metaKey || !Object.hasOwn(keys, event.key)) return;
	event.preventDefault();
	keys[event.key]();
});

document.addEventListener("click", (event) => {
	const button = event.target.closest("button.copy");
	if (button) copy(button);
	if (!event.target.closest("details.confirm") && confirmation()?.open) confirmation().open = false;
});

document.addEventListener("change", (event) => {
	if (event.target.id === "all") for (const box of checkboxes()) box.checked = event.target.checked;
	showSelection();
});

byId("keys").hidden = false;
byId("keys").addEventListener("click", () => byId("help").showModal());

prepare(document);
if (list()) follow();
