// SPDX-License-Identifier: Apache-2.0
//
// jupyterlab.mjs MODULES CHROMIUM URL MOUNT WORK: a person's visit to JupyterLab,
// whose root is the mount. Every step waits for what a person would wait for, so
// a slow machine only makes it slower. Any answer of the server that is an error,
// and that the step at hand does not expect, fails it, as a dialog does.

import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";

const [modules, chromiumPath, url, mount, work] = process.argv.slice(2);
const { chromium } = createRequire(modules + "/")("playwright-core");
const PATIENCE = 30000 * Number(process.env.SLOW ?? 1);

const browser = await chromium.launchPersistentContext(work + "/browser", {
	executablePath: chromiumPath,
	headless: true,
	viewport: { width: 1100, height: 640 },
	args: [
		"--no-sandbox",
		"--disable-gpu",
		"--disable-quic",
		"--no-first-run",
		"--disable-background-networking",
		"--disable-component-update",
		"--disable-sync",
	],
});
const page = browser.pages()[0] ?? (await browser.newPage());
page.setDefaultTimeout(PATIENCE);

// ---- what went wrong in the server, by its answers ----

const refusals = [];
page.on("response", (answer) => {
	if (answer.status() >= 400)
		refusals.push(
			`${answer.status()} ${answer.request().method()} ` +
				new URL(answer.url()).pathname,
		);
});

// Requests for contents that are under way, and when the last one ended: a
// listing that comes while a name is edited ends the edit.
let asking = 0;
let answered = 0;
const isContents = (request) => request.url().includes("/api/contents");
page.on("request", (request) => (asking += isContents(request)));
for (const end of ["requestfinished", "requestfailed"])
	page.on(end, (request) => {
		if (!isContents(request)) return;
		asking--;
		answered = Date.now();
	});
const quiet = () =>
	until("quiet", () => !asking && Date.now() - answered > 200);

// ---- files, past the browser ----

const on = (path) => `${mount}/${path}`;
const read = (path) => fs.readFileSync(on(path), "utf8");
const metadata = (path) => JSON.parse(read(path + "/_mlx/metadata.json"));
const runs = () => fs.readdirSync(on("runs")).filter((n) => n[0] !== ".");

async function until(what, test) {
	const end = Date.now() + PATIENCE;
	let problem;
	while (Date.now() < end) {
		try {
			const got = await test();
			if (got) return got;
			problem = undefined;
		} catch (e) {
			problem = e;
		}
		await new Promise((done) => setTimeout(done, 50));
	}
	throw new Error(`${what}: not within ${PATIENCE} ms`, { cause: problem });
}

// ---- the file browser ----

const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const item = (name) =>
	page.locator(".jp-DirListing-item", {
		has: page.locator(".jp-DirListing-itemText", {
			hasText: new RegExp(`^${escape(name)}$`),
		}),
	});

// [{name, size}], as Lab tells: "Name: x\nSize: 1.1 KB\n…"
const listed = () =>
	page.locator(".jp-DirListing-item").evaluateAll((all) =>
		all.map((one) => ({
			name: one.title.match(/^Name: (.*)$/m)[1],
			size: one.title.match(/^Size: (.*)$/m)?.[1],
		})),
	);

async function go(path) {
	await page.locator(".jp-BreadCrumbs-home").click();
	await item("README.md").waitFor();
	await item("datasets").waitFor();
	let at = "";
	for (const name of path.split("/").filter(Boolean)) {
		at += (at && "/") + name;
		await item(name).dblclick();
		await page
			.locator(`.jp-BreadCrumbs [data-path="${at}"]`)
			.waitFor({ state: "attached" });
	}
	await until(`the listing of ${path}`, async () => {
		const want = fs.readdirSync(on(path)).filter((n) => n[0] !== ".");
		const got = (await listed()).map((one) => one.name);
		return want.sort().join("\n") === got.sort().join("\n");
	});
}

const shown = (what) => page.locator(`.lm-DockPanel ${what}:visible`);

// a double click on a file of the folder that is shown; `what` it opens as
async function open(name, what) {
	await item(name).dblclick();
	await page
		.locator(".lm-DockPanel-tabBar .lm-mod-current", { hasText: name })
		.waitFor();
	await shown(what).waitFor();
}
const EDITOR = ".jp-FileEditor .cm-content";
const editorText = () =>
	shown(EDITOR + " .cm-line").evaluateAll((lines) =>
		lines.map((line) => line.textContent).join("\n"),
	);
const shows = (text) =>
	until(`the text ${text}`, async () => (await editorText()).includes(text));

async function close() {
	await page
		.locator(".lm-DockPanel-tabBar .lm-mod-current .lm-TabBar-tabCloseIcon")
		.click();
}

async function type(text) {
	await shown(EDITOR).click();
	await page.keyboard.press("Control+a");
	await page.keyboard.insertText(text);
}

// Ctrl-S, which Lab overhears while it is busy with the last one, and the answer
async function save(name) {
	await quiet();
	const answer = page.waitForResponse(
		(r) => r.request().method() === "PUT" && r.url().includes(`/${name}?`),
	);
	await page.keyboard.press("Control+s");
	return (await answer).status();
}

// the file is saved when its tab has lost the mark of changed ones
const saved = (name) =>
	page
		.locator(".lm-DockPanel-tabBar .lm-mod-current:not(.jp-mod-dirty)", {
			hasText: name,
		})
		.waitFor();

const dialog = page.locator(".jp-Dialog");
async function answerDialog(text, button) {
	await dialog.waitFor();
	const says = await dialog.innerText();
	assert.ok(says.includes(text), `the dialog says: ${says}`);
	await dialog
		.locator(".jp-Dialog-button", { hasText: new RegExp(`^${button}$`) })
		.click();
	await dialog.waitFor({ state: "detached" });
	return says;
}

// the dialogs and the server's errors that a step is to bring about
async function expectRefusal(pattern) {
	await until(`a refusal ${pattern}`, () => refusals.length);
	const got = refusals.shift();
	assert.match(got, pattern);
}

// from the desktop into the folder that is shown
async function drop(path) {
	const devtools = await page.context().newCDPSession(page);
	const box = await page.locator(".jp-DirListing-content").boundingBox();
	for (const type of ["dragEnter", "dragOver", "drop"])
		await devtools.send("Input.dispatchDragEvent", {
			type,
			x: box.x + box.width / 2,
			y: box.y + box.height - 20,
			data: { items: [], files: [path], dragOperationsMask: 1 },
		});
	await devtools.detach();
}

async function choose(path) {
	const chooser = page.waitForEvent("filechooser");
	await page.getByRole("button", { name: "Upload Files" }).click();
	await (await chooser).setFiles([path]);
}

// by the button; Lab opens what came
async function upload(path) {
	await choose(path);
	await page
		.locator(".lm-DockPanel-tabBar .lm-mod-current", {
			hasText: path.slice(path.lastIndexOf("/") + 1),
		})
		.waitFor();
	await quiet();
	await close();
}

async function rename(name, newName) {
	await quiet();
	await item(name).click();
	await page.keyboard.press("F2");
	const editor = page.locator(".jp-DirListing-editor");
	await editor.waitFor();
	await editor.fill(newName);
	await editor.press("Enter");
	await item(newName).waitFor();
	await item(name).waitFor({ state: "detached" });
}

async function remove(name) {
	await quiet();
	await item(name).click();
	await page.keyboard.press("Delete");
	await answerDialog(name, "Move to Trash");
	await item(name).waitFor({ state: "detached" });
}

// ---- the visit ----

const steps = {
	async "the root is listed, and its README opens"() {
		await page.goto(`${url}/lab?token=secret`);
		await item("datasets").waitFor();
		await go("");
		await open("README.md", EDITOR);
		await shows("# A catalog");
		await close();
	},

	async "a kind, and an asset with the sizes of its files"() {
		await go("models");
		await go("models/rain-guess");
		for (const { name, size } of await listed()) {
			const st = fs.statSync(on("models/rain-guess/" + name));
			if (st.isFile() && st.size < 1000)
				assert.equal(size, `${st.size} B`, name);
		}
	},

	async "what is generated has its size, too"() {
		await go("models/rain-guess/_mlx");
		for (const { name, size } of await listed()) {
			const path = on("models/rain-guess/_mlx/" + name);
			if (!fs.statSync(path).isFile()) continue;
			const length = fs.readFileSync(path).length;
			if (length < 1000) assert.equal(size, `${length} B`, name);
		}
	},

	async "metadata.json is a tree"() {
		await open("metadata.json", ".jp-RenderedJSON");
		const tree = shown(".jp-RenderedJSON");
		await tree.getByText("Rain Guess").waitFor();
		const record = metadata("models/rain-guess");
		for (const key of Object.keys(record))
			await tree.getByText(key, { exact: true }).first().waitFor();
		// a branch opens
		const inside = tree.getByText(Object.keys(record.framework)[0], {
			exact: true,
		});
		const before = await inside.count();
		await tree.getByText("framework", { exact: true }).click();
		await until("an open branch", async () => (await inside.count()) > before);
		if (process.env.MLXFS_PICTURE)
			await page.screenshot({
				path: process.env.MLXFS_PICTURE,
				animations: "disabled",
			});
	},

	async "pipeline.py has colours"() {
		await go("pipelines/umbrella/_mlx");
		await open("pipeline.py", EDITOR);
		const text = read("pipelines/umbrella/_mlx/pipeline.py");
		await shows(text.split("\n").slice(0, 10).join("\n"));
		await until("more than two colours", async () => {
			const all = await shown(EDITOR + " .cm-line span").evaluateAll(
				(spans) => spans.map((s) => getComputedStyle(s).color),
			);
			return new Set(all).size > 2;
		});
		await close();
	},

	async "a notebook runs in its asset, and is saved beside its checkpoint"() {
		const folder = "notebooks/rainfall-by-month";
		const files = metadata(folder).files;
		await go(folder);
		await open("rainfall-by-month.ipynb", ".jp-Notebook");
		// what the kernel says of itself becomes part of the notebook
		await page.locator("#jp-main-statusbar", { hasText: "| Idle" }).waitFor();
		await shown(".jp-CodeCell .cm-content").first().click();
		await page.keyboard.press("Control+a");
		await page.keyboard.insertText(
			"import json; print('I am', json.load(open('_mlx/metadata.json'))['id'])",
		);
		await page.keyboard.press("Control+Enter");
		await shown(".jp-OutputArea")
			.getByText("I am rainfall-by-month")
			.waitFor();
		assert.equal(await save("rainfall-by-month.ipynb"), 200);
		await saved("rainfall-by-month.ipynb");
		assert.ok(
			read(folder + "/rainfall-by-month.ipynb").includes("I am rainfall"),
		);
		assert.deepEqual(fs.readdirSync(on(folder + "/.ipynb_checkpoints")), [
			"rainfall-by-month-checkpoint.ipynb",
		]);
		assert.equal(metadata(folder).files, files);
		await close();
	},

	async "a dropped description becomes an asset"() {
		const spec = read("datasets/rainfall/dataset.yaml")
			.replace("id: rainfall", "id: drizzle")
			.replace(/^name: .*/m, "name: Drizzle");
		await go("datasets");
		fs.writeFileSync(work + "/fine-rain.yaml", spec);
		await drop(work + "/fine-rain.yaml");
		await item("drizzle").waitFor();
		assert.equal(metadata("datasets/drizzle").name, "Drizzle");
		assert.equal(read("datasets/drizzle/fine-rain.yaml"), spec);
		await go("datasets/drizzle");
	},

	async "an uploaded notebook becomes an asset"() {
		fs.copyFileSync(
			on("notebooks/rainfall-by-month/rainfall-by-month.ipynb"),
			work + "/storms.ipynb",
		);
		await go("notebooks");
		await upload(work + "/storms.ipynb");
		await item("storms").waitFor();
		assert.equal(metadata("notebooks/storms").kind, "notebook");
		await go("notebooks/storms");
	},

	async "data comes in pieces"() {
		const data = Buffer.alloc(2500000, "0123456789abcdef\n");
		fs.writeFileSync(work + "/gauge.csv", data);
		await go("datasets/drizzle");
		await upload(work + "/gauge.csv");
		await item("gauge.csv").waitFor();
		await until("all of it", () =>
			fs.readFileSync(on("datasets/drizzle/gauge.csv")).equals(data),
		);
		await rename("gauge.csv", "station.csv");
		assert.ok(fs.readFileSync(on("datasets/drizzle/station.csv")).equals(data));
	},

	async "an asset is renamed, and so is what is said of it"() {
		await go("datasets");
		await rename("drizzle", "mizzle");
		assert.equal(metadata("datasets/mizzle").directory, "mizzle");
		await go("datasets/mizzle/_mlx");
		assert.ok(!fs.existsSync(on(".mlx/datasets/drizzle")));
	},

	async "saving run starts one run"() {
		assert.deepEqual(runs(), []);
		await go("components/greet/_mlx");
		await open("run", EDITOR);
		await shows("#  who: world");
		await type("name: from-lab\nparameters: {who: Lab}\n");
		assert.equal(await save("run"), 200);
		await saved("run");
		assert.deepEqual(runs(), ["from-lab"]);
		await until("its end", () => read("runs/from-lab/status") === "SUCCEEDED\n");
		// the same once more: the name is taken
		await type("name: from-lab\n");
		assert.equal(await save("run"), 500);
		await answerDialog("[Errno 17] File exists", "Close");
		await expectRefusal(/^500 PUT .*_mlx\/run$/);
		// with another name it is a second one, and Lab does not ask
		// whether the file changed meanwhile
		await type("name: from-lab-again\nparameters: {who: again}\n");
		assert.equal(await save("run"), 200);
		await saved("run");
		assert.deepEqual(runs().sort(), ["from-lab", "from-lab-again"]);
		await close();
	},

	async "a run that is refused says why"() {
		await go("components/greet/_mlx");
		await open("run", EDITOR);
		await type("parameters: {whom: Lab}\n");
		assert.equal(await save("run"), 500);
		await answerDialog("[Errno 22] Invalid argument", "Close");
		await expectRefusal(/^500 PUT .*_mlx\/run$/);
		assert.equal(runs().length, 2);
		await open("errors", EDITOR);
		await shows('no parameter "whom"');
		await close();
		// leaving the request without saving it
		await close();
		await answerDialog('Save changes in "run"', "Discard");
	},

	async "the log and the status of a run"() {
		await go("components/greet/_mlx/runs/from-lab");
		await open("log", EDITOR);
		await shows("hello, Lab");
		await close();
		await go("runs/from-lab/_mlx");
		await open("status.json", ".jp-RenderedJSON");
		await shown(".jp-RenderedJSON").getByText("SUCCEEDED").first().waitFor();
		await close();
	},

	async "a wrong description is refused, and says why"() {
		const right = read("datasets/rainfall/dataset.yaml");
		const wrong = right.replace("id: rainfall", "id: [a, list]");
		await go("datasets/rainfall");
		await open("dataset.yaml", EDITOR);
		await type(wrong);
		assert.equal(await save("dataset.yaml"), 500);
		await answerDialog("[Errno 22] Invalid argument", "Close");
		await expectRefusal(/^500 PUT .*\/dataset\.yaml$/);
		assert.equal(metadata("datasets/rainfall").id, "rainfall");
		await go("datasets/rainfall/_mlx");
		await open("errors", EDITOR);
		await shows("dataset.yaml: line 3: 'id'");
		await close();
		// what was typed is in the file: Lab finds it changed, and is
		// told to write over it
		await page
			.locator(".lm-DockPanel-tabBar .lm-TabBar-tab", {
				hasText: "dataset.yaml",
			})
			.click();
		await type(right.replace("version: 1.0.0", "version: 1.1.0"));
		await page.keyboard.press("Control+s");
		await answerDialog("has changed on disk", "Overwrite");
		await saved("dataset.yaml");
		assert.equal(metadata("datasets/rainfall").version, "1.1.0");
		assert.equal(read("datasets/rainfall/_mlx/errors"), "");
		await close();
	},

	async "a wrong description that is uploaded is refused, too"() {
		// by the button: of what is dropped Lab tells no error
		await go("datasets");
		fs.writeFileSync(work + "/half.yaml", "id: half\nversion: [1, 0]\n");
		await choose(work + "/half.yaml");
		await answerDialog("[Errno 22] Invalid argument", "Close");
		await expectRefusal(/^500 PUT .*\/half\.yaml$/);
		await go("_mlx");
		await open("errors", EDITOR);
		await shows("datasets/half.yaml: line 1: 'name' is missing");
		await close();
	},

	async "a file that did not change did not change"() {
		await go("datasets/mizzle/_mlx");
		await open("tags", EDITOR);
		for (const tag of ["wet", "grey", "wet\nslow"]) {
			await type(tag + "\n");
			assert.equal(await save("tags"), 200);
			await saved("tags");
			// other things happen meanwhile
			fs.writeFileSync(on("datasets/rainfall/more.txt"), tag);
			assert.equal(await dialog.count(), 0);
		}
		assert.deepEqual(metadata("datasets/mizzle").tags.slice(-2), ["wet", "slow"]);
		await close();
	},

	async "a file that did change is asked about"() {
		fs.writeFileSync(on("datasets/mizzle/notes.txt"), "dry\n");
		await go("datasets/mizzle");
		await open("notes.txt", EDITOR);
		await type("wet\n");
		fs.writeFileSync(on("datasets/mizzle/notes.txt"), "dry, and longer\n");
		const later = Date.now() / 1000 + 60;
		fs.utimesSync(on("datasets/mizzle/notes.txt"), later, later);
		await page.keyboard.press("Control+s");
		await answerDialog("has changed on disk", "Revert");
		await shows("dry, and longer");
		await close();
	},

	async "a file, an asset and a run go to the trash"() {
		const trash = on(`.Trash-${process.getuid()}/files/`);
		await go("datasets/mizzle");
		await remove("notes.txt");
		assert.equal(
			fs.readFileSync(trash + "notes.txt", "utf8"),
			"dry, and longer\n",
		);
		await go("datasets");
		await remove("mizzle");
		assert.ok(fs.existsSync(trash + "mizzle/station.csv"));
		assert.ok(!fs.existsSync(on(".mlx/datasets/mizzle")));
		await go("runs");
		await remove("from-lab");
		assert.equal(fs.readFileSync(trash + "from-lab/status", "utf8"), "SUCCEEDED\n");
		assert.deepEqual(runs(), ["from-lab-again"]);
		await go("runs");
	},
};

let name = "start";
const times = [];
try {
	for (name of Object.keys(steps)) {
		const began = Date.now();
		await steps[name]();
		assert.equal(await dialog.count(), 0, "a dialog is left");
		assert.deepEqual(refusals, []);
		times.push(`${((Date.now() - began) / 1000).toFixed(1)} s ${name}`);
	}
	console.log(times.join("\n"));
} catch (e) {
	console.log(times.join("\n"));
	console.log(`FAIL: ${name}:`, e);
	console.log("dialogs:", await dialog.allInnerTexts());
	console.log("refused:", refusals);
	await page.screenshot({ path: work + "/failed.png" });
	process.exitCode = 1;
} finally {
	await browser.close();
}
