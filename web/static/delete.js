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

// deleteLater deletes the emails with the ids, or all of so many if ids is null.
function deleteLater(form, fields, ids, count) {
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
	say(countWords(byId("toast"), count), () => {
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
	if (form.closest("#mail")) {
		const id = mail().dataset.id;
		const next = document.querySelector("#mail a[rel=next]") ?? document.querySelector("#mail a[rel=up]");
		deleteLater(form.action, {}, [id], 1);
		go(next.href, "pushState");
		return;
	}
	const newest = form.elements.newest.value;
	if (button.name === "mark") {
		fetch(form.action, { method: "POST", body: new URLSearchParams([["mark", button.value], ["newest", newest]]) }).then(following?.news, () => {});
		return;
	}
	if (button.value === "matching") {
		deleteLater(form.action, [["delete", "matching"], ["newest", newest]], null, Number(button.dataset.count));
		return;
	}
	const ids = ticked().map((box) => box.value);
	if (ids.length === 0) return;
	const after = rows().find((row) => !ids.includes(row.dataset.id) && ids.includes(row.previousElementSibling?.dataset.id));
	deleteLater(form.action, [["delete", "selected"], ["newest", newest], ...ids.map((id) => ["id", id])], ids, ids.length);
	if (after) linkOf(after).focus({ preventScroll: true });
});
