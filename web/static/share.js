// One stream of events for all tabs: browsers open six connections to a host at most over
// plain HTTP. One of the tabs that can be seen leads: it holds the stream, and tells the
// others what happens.

const leaseTime = 4000; // in milliseconds
const pollPause = 3000;

// shareStream calls hear with each event and with whether the stream runs, and poll
// from time to time where tabs cannot talk to each other. Position tells after which event
// what is shown was drawn.
function shareStream(hear, poll, position) {
	const name = `mailbucket ${new URL(base).pathname}`;
	const channel = "BroadcastChannel" in window ? new BroadcastChannel(name) : null;
	let source = null, runs = false, last = "", started = false;
	const announce = (message) => {
		channel?.postMessage(message);
		hear(message);
	};
	const show = (now) => {
		runs = now;
		announce({ type: "state", data: runs });
	};
	const pass = (event) => {
		last = event.lastEventId;
		const arrival = event.type === "message";
		announce({ type: arrival ? "arrived" : event.type, last, data: arrival ? null : JSON.parse(event.data) });
	};
	const open = () => {
		source = new EventSource(`${base}events?after=${last || position()}`);
		source.onopen = () => show(true);
		for (const type of ["message", "deleted", "read", "reset"]) source.addEventListener(type, pass);
		const mine = source;
		source.onerror = () => {
			show(false);
			// The browser tries again by itself unless the server refused.
			if (mine.readyState === EventSource.CLOSED) setTimeout(() => { if (source === mine) open(); }, 2000);
		};
	};
	const close = () => {
		source?.close();
		source = null;
	};
	const lead = !channel ? leadNobody(poll, hear) : navigator.locks ? leadByLock(name, open, close)
		: leadByLease(name, channel, open, close) ?? leadNobody(poll, hear);
	channel?.addEventListener("message", ({ data }) => {
		if (data.type === "ask") {
			if (source) channel.postMessage({ type: "state", data: runs });
		} else if (data.type !== "free") {
			last = data.last ?? last;
			hear(data);
		}
	});
	return {
		start() {
			if (started || document.hidden) return;
			started = true;
			last = "";
			channel?.postMessage({ type: "ask" });
			lead.start();
		},
		stop() {
			started = false;
			lead.stop();
		},
	};
}

// leadByLock leads while it holds a lock of the browser, which passes it on as soon as the
// tab lets go of it or is no more.
function leadByLock(name, open, close) {
	let waiting = null, release = null;
	return {
		start() {
			const { signal } = waiting = new AbortController();
			navigator.locks.request(name, { signal }, () => new Promise((resolve) => {
				release = resolve;
				if (signal.aborted) resolve();
				else open();
			})).catch(() => { /* it was stopped before its turn came */ });
		},
		stop() {
			waiting?.abort();
			close();
			release?.();
		},
	};
}

// leadByLease is for pages that have no locks, as they come over plain HTTP from another
// host: who leads says so in the storage that tabs share, again and again.
function leadByLease(name, channel, open, close) {
	const key = `leader ${name}`;
	store(key, stored(key) ?? "");
	if (stored(key) === null) return null; // the storage is not allowed
	const me = crypto.getRandomValues(new Uint32Array(2)).join();
	let timer = null, leads = false;
	const read = () => {
		const [who, until] = stored(key).split(" ");
		return Number(until) > Date.now() ? who : "";
	};
	const look = () => {
		const who = read();
		const had = leads;
		leads = who === me;
		if (who === "" || leads) store(key, `${me} ${Date.now() + leaseTime}`);
		// Two tabs may write at a time: who finds itself there at the next look leads.
		if (leads && !had) open();
		if (had && !leads) close();
	};
	const start = () => {
		look();
		clearInterval(timer);
		timer = setInterval(look, leaseTime / 8);
	};
	channel.addEventListener("message", ({ data }) => { if (data.type === "free" && timer) look(); });
	return {
		start,
		stop() {
			clearInterval(timer);
			timer = null;
			close();
			if (leads) store(key, "");
			leads = false;
			channel.postMessage({ type: "free" });
		},
	};
}

// leadNobody is for tabs that cannot talk to each other: each asks from time to time.
function leadNobody(poll, hear) {
	let timer = null;
	return {
		start() {
			clearInterval(timer);
			timer = setInterval(poll, pollPause);
			hear({ type: "state", data: true });
		},
		stop() { clearInterval(timer); },
	};
}
