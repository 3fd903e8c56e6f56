// Live: what happens to the bucket is shown as it happens.

let following = null;

// follow shows what happens. Refreshes follow one another, so that what happens while one
// is under way leads to one more.
function follow() {
	const state = byId("live");
	const words = state.textContent;
	let due = "", busy = false, catching = false;
	const want = async (what) => {
		if (due !== "all") due = what;
		if (busy) return;
		busy = true;
		while (due && !document.hidden) {
			const since = Date.now() - refreshed;
			await sleep((since < 2 * busyPause ? busyPause : minPause) - Math.min(since, minPause));
			const now = due;
			due = "";
			try {
				await renew(now);
			} catch {
				due ||= now;
				await sleep(1000);
			}
			refreshed = Date.now();
		}
		busy = false;
	};
	const renew = async (what) => {
		const narrowed = new URL(list().dataset.here, location.href).search !== "";
		if (what === "new" && (narrowed || inUse())) {
			const { count } = await askNewer();
			arrived = count;
			if (count === 0 && narrowed) return;
		}
		if (inUse()) showNews();
		else if (!await draw(what === "new", true)) want(what);
	};
	const hear = ({ type, data }) => {
		if (type === "state") {
			state.hidden = state.hidden && !data;
			state.textContent = data ? words : state.dataset.interrupted;
			state.classList.toggle("off", !data);
		} else if (document.hidden) {
			return;
		} else if (type === "arrived") {
			want("new");
		} else if (type === "deleted") {
			if (removeRows(data.ids)) want("all");
		} else if (type === "read") {
			markRows(data.ids, data.read);
			want("new"); // for the number of unread
		} else {
			catchUp();
		}
	};
	// A tab that could not be seen, or be told of all, finds out what has changed.
	const catchUp = async () => {
		if (catching) return;
		catching = true;
		try {
			if (inUse() || !await draw(false, true)) {
				const page = await load(list().dataset.here);
				if (page) reconcile(page.getElementById("list"));
				arrived = (await askNewer()).count;
				if (inUse()) showNews();
			}
		} catch { /* the server is away, as the page says */ }
		catching = false;
	};
	const position = () => new URL(list().dataset.events, location.href).searchParams.get("after");
	const stream = shareStream(hear, catchUp, position);
	document.addEventListener("visibilitychange", async () => {
		if (document.hidden) {
			stream.stop();
			return;
		}
		showTitle(document.title.replace(/^\(\+\d+\) /, ""));
		await catchUp();
		stream.start();
	});
	// A page from the browser's memory is as old as it was left.
	addEventListener("pageshow", async (event) => { if (event.persisted) { await catchUp(); stream.start(); } });
	addEventListener("pagehide", stream.stop);
	setInterval(watchHidden, 5000);
	following = { news: () => draw(false).catch(() => want("all")) };
	stream.start();
}

// A tab that cannot be seen asks now and then, for its title and for notifications.
async function watchHidden() {
	if (!document.hidden) return;
	try {
		const { count, newest } = await askNewer();
		if (count <= arrived) return;
		arrived = count;
		showTitle(document.title.replace(/^(\(\+\d+\) )?/, `(+${count}) `));
		tell(newest);
	} catch { /* it is asked again */ }
}

function tell(entry) {
	if (stored("notify") !== "on" || Notification.permission !== "granted" || !entry) return;
	new Notification(entry.subject, { body: entry.recipients.join(", "), tag: "mailbucket" });
}
