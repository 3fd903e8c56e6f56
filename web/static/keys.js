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

// What is ticked in a list that is shown is deleted, or else the row that has the focus,
// or else the open email.
function remove() {
	if ("readOnly" in list().dataset) return;
	const row = focusedRow();
	const shown = wide() || !document.body.classList.contains("at-mail");
	if (shown && ticked().length === 0 && row && !row.classList.contains("current")) row.querySelector("input").checked = true;
	showSelection();
	if (shown && ticked().length > 0) byId("delete").click();
	else document.querySelector("#mail button.delete")?.click();
}

const keys = {
	j: () => move(1),
	k: () => move(-1),
	o: () => focusedRow() && linkOf(focusedRow()).click(),
	x: () => (focusedRow() ?? document.querySelector("#list .row.current"))?.querySelector(".tick input")?.click(),
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

// Suggestions are for the last word of the search.
document.addEventListener("input", ({ target }) => {
	if (target.name !== "q") return;
	const before = target.value.replace(/\S*$/, "");
	for (const option of byId("words").options) {
		option.dataset.word ??= option.value;
		option.value = before + option.dataset.word;
	}
});

let lastTicked = ""; // by id, as the list may be drawn anew in between

document.addEventListener("click", (event) => {
	const button = event.target.closest("button.copy");
	if (button) copy(button);
	for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
	if (event.target.id === "news") following.news();
	const box = event.target.closest("#list .tick input");
	if (!box) return;
	const all = boxes(), from = all.findIndex(({ value }) => value === lastTicked), to = all.indexOf(box);
	if (event.shiftKey && from >= 0) for (const between of all.slice(Math.min(from, to), Math.max(from, to) + 1)) between.checked = box.checked;
	lastTicked = box.value;
	showSelection();
});

// A click on a row with Shift or Ctrl selects, as elsewhere.
document.addEventListener("click", (event) => {
	const row = event.target.closest("#list .row");
	if (!row || !(event.shiftKey || event.ctrlKey || event.metaKey) || event.target.closest("input, button, label")) return;
	event.preventDefault();
	event.stopImmediatePropagation();
	row.querySelector(".tick input")?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: event.shiftKey }));
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

const root = document.documentElement;
const themes = matchMedia("(prefers-color-scheme: dark)").matches ? ["", "light", "dark"] : ["", "dark", "light"]; // each click is to be seen
root.dataset.theme = stored("theme") ?? "";
byId("theme").hidden = false;
byId("theme").addEventListener("click", () => {
	const next = themes[(themes.indexOf(root.dataset.theme) + 1) % themes.length];
	root.dataset.theme = next;
	store("theme", next);
});
byId("keys").hidden = false;
byId("keys").addEventListener("click", () => byId("help").showModal());

root.dataset.density = stored("density") ?? "";

document.addEventListener("click", (event) => {
	if (event.target.id !== "density") return;
	root.dataset.density = root.dataset.density ? "" : "line";
	store("density", root.dataset.density);
	event.target.setAttribute("aria-pressed", root.dataset.density !== "");
});

// Touching a row for a while selects it.
let touch = null, held = false;

document.addEventListener("pointerdown", (event) => {
	const row = event.target.closest("#list .row");
	held = false;
	if (event.pointerType !== "touch" || !row || event.target.closest("input, button")) return;
	touch = setTimeout(() => {
		held = true;
		row.querySelector(".tick input")?.click();
	}, 450);
});

for (const type of ["pointerup", "pointercancel", "pointermove", "scroll"]) {
	document.addEventListener(type, (event) => {
		if (type !== "pointermove" || Math.hypot(event.movementX, event.movementY) > 4) clearTimeout(touch);
	}, true);
}

for (const type of ["click", "contextmenu"]) {
	document.addEventListener(type, (event) => {
		if (!held || !event.isTrusted) return;
		event.preventDefault();
		event.stopImmediatePropagation();
		if (type === "click") held = false;
	}, true);
}

if (list()) makeAbsolute(document, location.href);
prepare(document);
document.querySelector(".row.current")?.scrollIntoView({ block: "nearest" });
setInterval(() => showTimes(document), 30000);
if (list()) follow();
