// The list: what happens while it is open.

const minPause = 200, busyPause = 1500; // between two refreshes, in milliseconds
let refreshed = 0, arrived = 0;

// What a reader is about to use must not move.
function inUse() {
	const scroller = list().querySelector(".rows");
	const scrolled = wide() ? scroller?.scrollTop > 0 : document.body.classList.contains("at-list") && scrollY > 0;
	const marked = getSelection();
	return scrolled || ticked().length > 0 || list().querySelector("details[open]") !== null || pending !== null || laterPage() ||
		(!marked.isCollapsed && list().contains(marked.anchorNode));
}

const laterPage = () => new URL(list().dataset.here, location.href).searchParams.has("page");

const newWords = (count) => countWords(byId("news"), count);

function showNews() {
	const button = byId("news"), words = newWords(arrived);
	button.hidden = arrived === 0;
	if (button.textContent === words) return;
	button.textContent = words;
	if (arrived > 0) announce(arrived);
}

// What reads the screen aloud says how many are new.
function announce(count) { byId("arrivals").textContent = newWords(count); }

// askNewer finds out how many emails have arrived since the list was drawn that it would
// show, and the newest of them.
async function askNewer() {
	const url = new URL(list().dataset.events, location.href);
	url.pathname = url.pathname.replace(/events$/, "emails");
	url.searchParams.set("limit", "1");
	// The place in the order of all events begins with the newest email, if there was one.
	const newest = url.searchParams.get("after").split("-")[0];
	if (/[^0]/.test(newest)) url.searchParams.set("after", newest);
	else url.searchParams.delete("after");
	const response = await fetch(url);
	if (!response.ok) throw new Error(response.statusText);
	const { totalResults, results } = await response.json();
	return { count: totalResults, newest: results[0] };
}

// A button or key that is down is for what was there when it went down: a list that took
// its place would lose the click.
let down = false;
for (const type of ["pointerdown", "keydown"]) addEventListener(type, () => { down = true; }, true);
for (const type of ["pointerup", "pointercancel", "keyup", "blur"]) addEventListener(type, () => { down = false; }, true);

// The end may go unseen, so it is waited for at most 5 s.
async function untilUp() {
	for (let tries = 0; down && tries < 100; tries++) await sleep(50);
}

// draw fetches the list anew and puts it in place; if only new emails are wanted, those
// rows alone are fetched, and the others stay. If it must not disturb, and the list has
// come into use meanwhile, it is false and nothing changes.
async function draw(onlyNew, gently) {
	const here = list().dataset.here;
	const url = new URL(here, location.href);
	const first = list().querySelector(".row");
	if (onlyNew && first && !laterPage()) url.searchParams.set("newer", first.dataset.id);
	const page = await load(url.href);
	await untilUp();
	if (!page || list().dataset.here !== here) return true;
	if (gently && inUse()) return false;
	const unread = /^\([\d,]+\) /;
	showTitle((unread.exec(page.title)?.[0] ?? "") + document.title.replace(unread, ""));
	renew(page, "footer", "#words");
	replaceList(page.getElementById("list"), url.searchParams.has("newer"));
	return true;
}

// keepRows adds the rows that are shown to those of a list that has only newer ones. Another
// refresh may have put some of these in place already.
function keepRows(fresh) {
	const scroller = fresh.querySelector(".rows");
	const newer = new Set([...fresh.querySelectorAll(".row")].map((row) => row.dataset.id));
	const kept = [...document.querySelectorAll("#list .row")].filter((row) => !newer.has(row.dataset.id));
	if (scroller) scroller.append(...kept.slice(0, fresh.dataset.most - scroller.children.length));
}

function replaceList(fresh, onlyNew) {
	const old = new Set(rows().map((row) => row.dataset.id));
	const newest = [...old][0] ?? "";
	const checked = new Set(ticked().map((box) => box.value));
	const focused = focusedRow()?.dataset.id;
	const onBox = document.activeElement?.type === "checkbox";
	const current = mail().dataset.id;
	if (onlyNew) keepRows(fresh);
	list().replaceWith(fresh);
	arrived = 0;
	let news = 0;
	for (const row of rows()) {
		const id = row.dataset.id;
		row.classList.toggle("current", id === current);
		const box = row.querySelector(".tick input");
		if (box) box.checked = checked.has(id);
		if (old.size > 0 && !old.has(id)) {
			row.classList.add("fresh");
			if (id > newest) news++;
		}
		if (pending?.has(id)) row.classList.add("going");
	}
	if (news > 0) announce(news);
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

function markRows(ids, read) {
	for (const row of rows()) if (ids.includes(row.dataset.id)) setRead(row, read);
}

// reconcile brings a list that is in use up to date without moving what stays: rows of
// emails that are gone go, and marks of those that were read change.
function reconcile(fresh) {
	const now = new Map([...fresh.querySelectorAll(".row")].map((row) => [row.dataset.id, row]));
	const oldest = [...now.keys()].at(-1) ?? "";
	removeRows(rows().map((row) => row.dataset.id).filter((id) => !now.has(id) && id >= oldest));
	for (const row of rows()) {
		if (now.has(row.dataset.id)) setRead(row, !now.get(row.dataset.id).classList.contains("unread"));
	}
}
