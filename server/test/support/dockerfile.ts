/**
 * Runs a Dockerfile without Docker: each stage is a folder, COPY copies, RUN runs a shell there, FROM <stage> clones.
 * Does not own isolation: base images, users of RUN and absolute paths are this machine's; apt-get only notes what it was asked for.
 */
import { execFile, spawn } from 'node:child_process';
import { chmod, cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, matchesGlob, relative } from 'node:path';
import { promisify } from 'node:util';

/** `name` is upper case; `args` is the rest of the line with continuations joined. */
export interface Instruction {
  readonly name: string;
  readonly args: string;
}

/** What FROM starts and the next FROM ends. */
export interface Stage {
  readonly name: string;
  /** Image, or the name of an earlier stage. */
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

/** Only the forms that our Dockerfile uses; anything else is an error. */
export function parseDockerfile(text: string): Stage[] {
  const lines = text
    .replace(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const stages: { name: string; base: string; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const [name = '', ...rest] = line.split(' ');
    const args = rest.join(' ').trim();
    if (name === 'FROM') {
      const match = /^(\S+) AS (\S+)$/.exec(args);
      if (match === null) throw new Error(`unsupported: ${line}`);
      stages.push({ base: match[1]!, name: match[2]!, instructions: [] });
    } else {
      const stage = stages.at(-1);
      if (stage === undefined) throw new Error(`before the first FROM: ${line}`);
      stage.instructions.push({ name, args });
    }
  }
  return stages;
}

/** A stage that was carried out. */
export interface BuiltStage {
  /** The folder that stands for the working directory. */
  readonly folder: string;
  /** The working directory of the image, for example `/app`. */
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  /** JSON form only. */
  readonly entrypoint: readonly string[];
  readonly healthcheck: readonly string[];
  readonly user: string;
  /** Arguments of every apt-get call. */
  readonly aptCalls: readonly string[];
}

/** Carries out stages below one temporary folder. */
export class DockerfileRunner {
  readonly #stages: readonly Stage[];
  readonly #context: string;
  readonly #root: string;
  readonly #ignored: readonly string[];
  readonly #built = new Map<string, Promise<BuiltStage>>();

  static async create(options: {
    dockerfile: string;
    context: string;
    root: string;
  }): Promise<DockerfileRunner> {
    const { dockerfile, context, root } = options;
    const ignoreFile = await readFile(`${dockerfile}.dockerignore`, 'utf8');
    const ignored = ignoreFile.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new DockerfileRunner(parseDockerfile(await readFile(dockerfile, 'utf8')), context, root, ignored);
  }

  private constructor(stages: readonly Stage[], context: string, root: string, ignored: readonly string[]) {
    this.#stages = stages;
    this.#context = context;
    this.#root = root;
    this.#ignored = ignored;
  }

  /** Carries out a stage and those that it stands on, each once. */
  build(name: string): Promise<BuiltStage> {
    const built = this.#built.get(name) ?? this.#build(name);
    this.#built.set(name, built);
    return built;
  }

  async #build(name: string): Promise<BuiltStage> {
    const stage = this.#stages.find((one) => one.name === name);
    if (stage === undefined) throw new Error(`the Dockerfile has no stage ${name}`);
    const folder = join(this.#root, name);
    const hasBase = this.#stages.some((one) => one.name === stage.base);
    const base = hasBase ? await this.build(stage.base) : undefined;
    // Hard links: no command of ours writes into a file of an earlier stage, they only add, replace and remove.
    if (base) await promisify(execFile)('cp', ['-al', base.folder, folder]);
    else await mkdir(folder);
    await chmod(folder, 0o755);
    const state = {
      folder,
      workdir: base?.workdir ?? '/',
      env: { ...base?.env } as Record<string, string>,
      entrypoint: base?.entrypoint ?? [],
      healthcheck: base?.healthcheck ?? [],
      user: base?.user ?? '0:0',
      aptCalls: [...(base?.aptCalls ?? [])],
    };
    for (const { name: instruction, args } of stage.instructions) {
      switch (instruction) {
        case 'WORKDIR':
          state.workdir = args;
          break;
        case 'ENV':
          for (const [, key = '', value = ''] of args.matchAll(/(\w+)=(\S*)/g)) state.env[key] = value;
          break;
        case 'USER':
          state.user = args;
          break;
        case 'COPY':
          await this.#copy(state, args);
          break;
        case 'RUN':
          state.aptCalls.push(...(await this.#run(state, args)));
          break;
        case 'ENTRYPOINT':
          state.entrypoint = JSON.parse(args);
          break;
        case 'HEALTHCHECK':
          state.healthcheck = args === 'NONE' ? [] : JSON.parse(args.slice(args.indexOf('CMD ') + 4));
          break;
        case 'VOLUME':
        case 'EXPOSE':
          break;
        default:
          throw new Error(`unsupported: ${instruction} ${args}`);
      }
    }
    return state;
  }

  async #copy(stage: { folder: string; workdir: string }, args: string): Promise<void> {
    const words = args.split(/\s+/);
    const from = /^--from=(.+)$/.exec(words[0] ?? '')?.[1];
    const [target = '', ...sources] = words.slice(from === undefined ? 0 : 1).toReversed();
    const origin = from === undefined ? undefined : await this.build(from);
    for (const source of sources) {
      const path = origin
        ? join(origin.folder, relative(origin.workdir, source))
        : join(this.#context, source);
      const isFolder = (await stat(path)).isDirectory();
      const into = join(stage.folder, target);
      await mkdir(target.endsWith('/') ? into : dirname(into), { recursive: true });
      const destination =
        isFolder || !target.endsWith('/') ? into : join(into, path.slice(dirname(path).length + 1));
      const filter = (file: string) =>
        origin !== undefined || !this.#isIgnored(relative(this.#context, file));
      await cp(path, destination, { recursive: true, force: true, verbatimSymlinks: true, filter });
    }
  }

  #isIgnored(path: string): boolean {
    return this.#ignored.some((pattern) => matchesGlob(path, pattern));
  }

  async #run(stage: { folder: string; env: Record<string, string> }, command: string): Promise<string[]> {
    const shims = join(this.#root, 'shims');
    const notes = join(this.#root, 'apt-calls');
    await mkdir(shims, { recursive: true });
    await writeFile(join(shims, 'apt-get'), `#!/bin/sh\necho "$@" >> '${notes}'\n`, { mode: 0o755 });
    await writeFile(notes, '');
    // The machine's apt lists stay: nothing was downloaded here that would have to be removed again.
    const harmless = command.replace(/ && rm -rf \/var\/lib\/apt\/lists\/\*/, '');
    if (/(^|[\s"'])\/(?!dev\/null)/.test(harmless)) throw new Error(`an absolute path in: RUN ${command}`);
    await runShell(harmless, stage.folder, {
      // As in Docker with a cache mount; what is missing is still fetched.
      npm_config_prefer_offline: 'true',
      ...process.env,
      ...stage.env,
      PATH: `${shims}:${dirname(process.execPath)}:${process.env.PATH}`,
    });
    return (await readFile(notes, 'utf8')).split('\n').filter(Boolean);
  }
}

function runShell(command: string, cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('sh', ['-ec', command], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      const shown =
        output.length > 4_000 ? `${output.slice(0, 2_000)}\n...\n${output.slice(-2_000)}` : output;
      if (code === 0) resolve();
      else reject(new Error(`exit code ${code} of: ${command}\n${shown}`));
    });
  });
}

/** Every file below a folder, relative to it; symbolic links are not followed. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}
