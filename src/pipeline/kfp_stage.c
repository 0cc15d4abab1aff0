// SPDX-License-Identifier: Apache-2.0
/*
 * Components whose program is ours: fetching a data set, and executing a
 * notebook. Both are texts of Python that go into the generated file (and run
 * in its containers); values reach them as arguments only.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "kfp.h"
#include "pipeline/format.h"

/* ---- fetch: a lightweight Python component ---- */

static const char fetch_body[] =
	"    \"\"\"Download, verify and unpack.\"\"\"\n"
	"    import hashlib\n"
	"    import os\n"
	"    import shutil\n"
	"    import tarfile\n"
	"    import tempfile\n"
	"    import urllib.parse\n"
	"    import urllib.request\n"
	"    import zipfile\n"
	"\n"
	"    parts = urllib.parse.urlparse(url)\n"
	"    if parts.scheme not in ('http', 'https'):\n"
	"        raise ValueError('not an address of http or https: ' + url)\n"
	"    folder = @.path\n"
	"    os.makedirs(folder, exist_ok=True)\n"
	"    file = os.path.join(tempfile.mkdtemp(), 'file')\n"
	"    digest = hashlib.sha512()\n"
	"    with urllib.request.urlopen(url, timeout=60) as answer:\n"
	"        with open(file, 'wb') as copy:\n"
	"            for block in iter(lambda: answer.read(1 << 20), b''):\n"
	"                digest.update(block)\n"
	"                copy.write(block)\n"
	"    if sha512 and digest.hexdigest() != sha512.lower():\n"
	"        raise ValueError('SHA-512 is ' + digest.hexdigest())\n"
	"    if tarfile.is_tarfile(file):\n"
	"        with tarfile.open(file) as archive:\n"
	"            # nothing outside of the folder, no devices\n"
	"            archive.extractall(folder, filter='data')\n"
	"    elif zipfile.is_zipfile(file):\n"
	"        root = os.path.realpath(folder)\n"
	"        with zipfile.ZipFile(file) as archive:\n"
	"            for name in archive.namelist():\n"
	"                path = os.path.realpath(os.path.join(root, name))\n"
	"                if os.path.commonpath([root, path]) != root:\n"
	"                    raise ValueError('outside of the folder: ' + "
	"name)\n"
	"            archive.extractall(root)\n"
	"    else:\n"
	"        name = os.path.basename(parts.path)\n"
	"        if name in ('', '.', '..'):\n"
	"            name = 'data'\n"
	"        shutil.move(file, os.path.join(folder, name))\n"
	"    @.metadata['url'] = url\n"
	"    @.metadata['sha512'] = digest.hexdigest()\n"
	"    @.metadata['mime_type'] = mime_type\n";

/* body with the identifier of the output for each '@' */
static void put_body(const char *body, const char *id, struct buf *out)
{
	for (; *body; body++) {
		if (*body == '@')
			buf_puts(out, id);
		else
			buf_putc(out, *body);
	}
}

int kfp_put_fetch(struct kfp *k, const struct kfp_task *kt)
{
	const struct task *t = kt->t;

	if (t->outputs_count != 1 || t->outputs[0].type != TYPE_ARTIFACT ||
	    kt->count != 1)
		return kfp_refuse(k, t, "a fetch that is more than its data");
	buf_puts(k->out, "@dsl.component(base_image='python:3.12')\n");
	kfp_put_signature(k, kt,
			  "    url: str,\n    sha512: str,\n"
			  "    mime_type: str,\n");
	put_body(fetch_body, kt->slots[0].id, k->out);
	return 0;
}

/* ---- notebook: a container component ---- */

/*
 * The images that notebooks name are often older than what a lightweight
 * component's own `pip install kfp` can run on, so this one asks for nothing
 * but a Python 3 with pip.
 */
static const char notebook_program[] =
	"import base64, gzip, json, os, shutil, subprocess, sys\n"
	"import urllib.request\n"
	"words = sys.argv[1:]\n"
	"source, url, executed = '', None, None\n"
	"packages, parameters = ['papermill', 'ipykernel'], {}\n"
	"while words:\n"
	"    word = words.pop(0)\n"
	"    if word == '--url':\n"
	"        url = words.pop(0)\n"
	"    elif word == '--source':\n"
	"        source += words.pop(0)\n"
	"    elif word == '--package':\n"
	"        packages.append(words.pop(0))\n"
	"    elif word == '--executed':\n"
	"        executed = words.pop(0)\n"
	"    elif word == '--parameter':\n"
	"        name, kind, value = words.pop(0), words.pop(0), words.pop(0)\n"
	"        parameters[name] = value if kind == 'str' else "
	"json.loads(value)\n"
	"if source:\n"
	"    text = gzip.decompress(base64.b64decode(source))\n"
	"elif url and url.split(':')[0] in ('http', 'https'):\n"
	"    text = urllib.request.urlopen(url, timeout=60).read()\n"
	"else:\n"
	"    sys.exit('the notebook was not beside this pipeline when it was "
	"'\n"
	"             'compiled, and it has no address')\n"
	"subprocess.check_call([sys.executable, '-m', 'pip', 'install', "
	"'--quiet']\n"
	"                      + packages)\n"
	"with open('/tmp/notebook.ipynb', 'wb') as file:\n"
	"    file.write(text)\n"
	"os.makedirs(os.path.dirname(executed), exist_ok=True)\n"
	"import papermill\n"
	"papermill.execute_notebook('/tmp/notebook.ipynb', "
	"'/tmp/executed.ipynb',\n"
	"                           parameters=parameters, log_output=True)\n"
	"shutil.move('/tmp/executed.ipynb', executed)\n";

static const char source_function[] =
	"\n\n"
	"def _notebook(name):\n"
	"    \"\"\"Words with the notebook, without its outputs, if it is "
	"here.\n"
	"\n"
	"    Looked for beside this file, above it, and in the working "
	"directory.\n"
	"    Words have a limit of 128 KiB each.\n"
	"    \"\"\"\n"
	"    here = os.path.dirname(os.path.abspath(__file__))\n"
	"    for folder in (here, os.path.dirname(here), os.getcwd()):\n"
	"        path = os.path.join(folder, os.path.basename(name))\n"
	"        if os.path.isfile(path):\n"
	"            break\n"
	"    else:\n"
	"        return []\n"
	"    with open(path, encoding='utf-8') as file:\n"
	"        notebook = json.load(file)\n"
	"    for cell in notebook.get('cells', []):\n"
	"        if cell.get('cell_type') == 'code':\n"
	"            cell['outputs'] = []\n"
	"            cell['execution_count'] = None\n"
	"    packed = gzip.compress(json.dumps(notebook).encode(), mtime=0)\n"
	"    text = base64.b64encode(packed).decode()\n"
	"    words = []\n"
	"    for start in range(0, len(text), 100000):\n"
	"        words += ['--source', text[start:start + 100000]]\n"
	"    return words\n";

bool kfp_embeds_notebook(const struct kfp *k)
{
	for (size_t i = 0; i < k->p->tasks_count; i++)
		if (k->p->tasks[i].type == TASK_NOTEBOOK &&
		    k->p->tasks[i].notebook.file)
			return true;
	return false;
}

void kfp_put_notebook_parts(struct kfp *k)
{
	bool any = false;

	for (size_t i = 0; i < k->p->tasks_count; i++)
		any |= k->p->tasks[i].type == TASK_NOTEBOOK;
	if (!any)
		return;
	buf_puts(k->out,
		 "\n# Executes a notebook with papermill; needs Python 3 "
		 "and pip.\n_NOTEBOOK = ");
	python_put_lines(notebook_program, 0, k->out);
	buf_putc(k->out, '\n');
	if (kfp_embeds_notebook(k))
		buf_puts(k->out, source_function);
}

static void put_pair(const char *flag, const char *text, struct buf *out)
{
	buf_addf(out, "            '%s', ", flag);
	python_put_string(text, out);
	buf_puts(out, ",\n");
}

static int put_parameter(struct kfp *k, const struct kfp_task *kt,
			 const struct kfp_slot *slot)
{
	struct buf *out = k->out;
	const char *type = kfp_type(slot->param->type);

	if (!type || slot->type == TYPE_ARTIFACT)
		return kfp_refuse(k, kt->t,
				  "a file as a parameter of a "
				  "notebook");
	python_indent(3, out);
	if (slot->optional) {
		buf_puts(out, "dsl.IfPresentPlaceholder(input_name=");
		python_put_string(slot->id, out);
		buf_puts(out, ", then=[");
	}
	buf_puts(out, "'--parameter', ");
	python_put_string(slot->param->name, out);
	buf_addf(out, ", '%s', %s", type, slot->id);
	buf_puts(out, slot->optional ? "]),\n" : ",\n");
	return 0;
}

static int put_notebook_words(struct kfp *k, const struct kfp_task *kt)
{
	const struct notebook_task *n = &kt->t->notebook;
	struct buf *out = k->out;
	int err = 0;

	if (n->file) {
		buf_puts(out, "            *_notebook(");
		python_put_string(n->file, out);
		buf_puts(out, "),\n");
	}
	if (n->url)
		put_pair("--url", n->url, out);
	for (size_t i = 0; i < n->requirements_count; i++)
		put_pair("--package", n->requirements[i], out);
	for (size_t i = 0; i < kt->count && !err; i++)
		if (!kt->slots[i].absent)
			err = put_parameter(k, kt, &kt->slots[i]);
	buf_puts(out, "            '--executed', executed.path,\n");
	return err;
}

int kfp_put_notebook(struct kfp *k, const struct kfp_task *kt)
{
	const struct task *t = kt->t;
	int err;

	if (t->outputs_count)
		return kfp_refuse(k, t, "outputs of a notebook");
	for (size_t i = 0; i < t->notebook.requirements_count; i++)
		/* what looks like one of pip's options is no package */
		if (t->notebook.requirements[i][0] == '-')
			return kfp_refuse(k, t, "the requirement %s",
					  t->notebook.requirements[i]);
	buf_puts(k->out, "@dsl.container_component\n");
	kfp_put_signature(k, kt, "    executed: dsl.Output[dsl.Artifact],\n");
	buf_puts(k->out, "    return dsl.ContainerSpec(\n        image=");
	python_put_string(t->notebook.image ? t->notebook.image : "python:3.12",
			  k->out);
	buf_puts(k->out, ",\n        command=['python3', '-c', _NOTEBOOK],\n"
			 "        args=[\n");
	err = put_notebook_words(k, kt);
	buf_puts(k->out, "        ],\n    )\n");
	return err;
}
