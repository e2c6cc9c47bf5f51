// The conversations that this browser keeps, in IndexedDB. No DOM here, and no model bytes: those are the package's.
//
// A turn is a record of its own, and a conversation's record is only changed in a transaction that read it: so two
// tabs, even in one conversation, add to each other's words and overwrite none.
import type { DBSchema, IDBPDatabase } from 'idb';
import { openDB } from 'idb';
import type { Answer, AnswerMeter } from './conversation.ts';

/** Raise with a step in `upgrade` whenever the stored form changes. */
const SCHEMA_VERSION = 1;
const DATABASE_NAME = 'quern-chats';
const CHANNEL_NAME = 'quern-chats';
const TITLE_LENGTH = 60;

export interface ChatRecord {
  id: string;
  title: string;
  /** The model that answered last. */
  model: string;
  /** Milliseconds since 1970, of the last turn. */
  changed: number;
}

export interface TurnRecord {
  chat: string;
  /** Sorts by the time it was asked. */
  id: string;
  asked: string;
  said: string;
  /** 'open': being written, or cut off because its tab went away. */
  end: Answer['end'] | 'open';
  meter?: AnswerMeter;
  model: string;
  changed: number;
}

/** What a delete took, for an undo. */
export interface RemovedChat {
  chat: ChatRecord;
  turns: TurnRecord[];
}

/** What another tab, or this one, did to a conversation. */
export interface HistoryChange {
  chat: string;
  kind: 'changed' | 'deleted';
}

interface Schema extends DBSchema {
  chats: { key: string; value: ChatRecord };
  /** Key: chat, turn. */
  turns: { key: [string, string]; value: TurnRecord };
}

type Database = IDBPDatabase<Schema>;

/** The first words of a text, as a title. */
export function titleOf(text: string): string {
  const words = text.trim().replace(/\s+/g, ' ');
  if (words.length <= TITLE_LENGTH) return words || 'Without words';
  const cut = words.slice(0, TITLE_LENGTH);
  const end = cut.lastIndexOf(' ');
  return `${end > TITLE_LENGTH / 2 ? cut.slice(0, end) : cut} …`;
}

export function newTurnId(now = Date.now()): string {
  const random = crypto.getRandomValues(new Uint32Array(1))[0]!;
  return `${now.toString(36).padStart(9, '0')}-${random.toString(36)}`;
}

/** Every call rejects with what IndexedDB says where it fails. */
export class History {
  readonly #database: Database;
  readonly #channel: BroadcastChannel;

  private constructor(database: Database) {
    this.#database = database;
    this.#channel = new BroadcastChannel(CHANNEL_NAME);
  }

  /** Rejects where IndexedDB is missing or refused (some private windows). */
  static async open(name = DATABASE_NAME): Promise<History> {
    const database = await openDB<Schema>(name, SCHEMA_VERSION, {
      upgrade(database, oldVersion) {
        if (oldVersion < 1) {
          database.createObjectStore('chats', { keyPath: 'id' });
          database.createObjectStore('turns', { keyPath: ['chat', 'id'] });
        }
      },
      // A newer page in another tab wants to upgrade: it shall not wait for this one.
      blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
    });
    return new History(database);
  }

  close(): void {
    this.#channel.close();
    this.#database.close();
  }

  /** Hears of what other tabs do. */
  onChange(listener: (change: HistoryChange) => void): void {
    this.#channel.addEventListener('message', ({ data }: MessageEvent<HistoryChange>) => listener(data));
  }

  /** The latest first. */
  async list(): Promise<ChatRecord[]> {
    const rows = await this.#database.getAll('chats');
    return rows.filter(isChat).sort((a, b) => b.changed - a.changed);
  }

  async find(chat: string): Promise<ChatRecord | undefined> {
    const row = await this.#database.get('chats', chat);
    return isChat(row) ? row : undefined;
  }

  /** In the order they were asked. */
  async turns(chat: string): Promise<TurnRecord[]> {
    return (await this.#database.getAll('turns', turnsOf(chat))).filter(isTurn);
  }

  /** Adds a turn, and its conversation where this is the first one. */
  async begin(turn: TurnRecord): Promise<void> {
    const transaction = this.#database.transaction(['chats', 'turns'], 'readwrite');
    const chats = transaction.objectStore('chats');
    const old = await chats.get(turn.chat);
    const { chat: id, model, changed, asked } = turn;
    await chats.put({ id, title: old?.title ?? titleOf(asked), model, changed });
    await transaction.objectStore('turns').put(turn);
    await transaction.done;
    this.#tell(turn.chat, 'changed');
  }

  /** Writes what the turn says by now. False: the conversation was deleted meanwhile, and stays so. */
  async write(turn: TurnRecord): Promise<boolean> {
    const transaction = this.#database.transaction(['chats', 'turns'], 'readwrite');
    const there = (await transaction.objectStore('chats').getKey(turn.chat)) !== undefined;
    if (there) await transaction.objectStore('turns').put(turn);
    await transaction.done;
    if (there && turn.end !== 'open') this.#tell(turn.chat, 'changed');
    return there;
  }

  /** Takes a turn back; a conversation that has no other goes with it. */
  async forget(turn: TurnRecord): Promise<void> {
    const transaction = this.#database.transaction(['chats', 'turns'], 'readwrite');
    const turns = transaction.objectStore('turns');
    await turns.delete([turn.chat, turn.id]);
    const left = await turns.count(turnsOf(turn.chat));
    if (left === 0) await transaction.objectStore('chats').delete(turn.chat);
    await transaction.done;
    this.#tell(turn.chat, left === 0 ? 'deleted' : 'changed');
  }

  async rename(chat: string, title: string): Promise<void> {
    const transaction = this.#database.transaction('chats', 'readwrite');
    const old = await transaction.store.get(chat);
    if (old) await transaction.store.put({ ...old, title: titleOf(title) });
    await transaction.done;
    this.#tell(chat, 'changed');
  }

  /** Undefined where another tab was faster. */
  async delete(id: string): Promise<RemovedChat | undefined> {
    const transaction = this.#database.transaction(['chats', 'turns'], 'readwrite');
    const chat = await transaction.objectStore('chats').get(id);
    const turns = await transaction.objectStore('turns').getAll(turnsOf(id));
    await transaction.objectStore('turns').delete(turnsOf(id));
    await transaction.objectStore('chats').delete(id);
    await transaction.done;
    this.#tell(id, 'deleted');
    return chat && { chat, turns };
  }

  async restore({ chat, turns }: RemovedChat): Promise<void> {
    const transaction = this.#database.transaction(['chats', 'turns'], 'readwrite');
    await transaction.objectStore('chats').put(chat);
    for (const turn of turns) await transaction.objectStore('turns').put(turn);
    await transaction.done;
    this.#tell(chat.id, 'changed');
  }

  #tell(chat: string, kind: HistoryChange['kind']): void {
    this.#channel.postMessage({ chat, kind } satisfies HistoryChange);
  }
}

function turnsOf(chat: string): IDBKeyRange {
  return IDBKeyRange.bound([chat], [chat, []]);
}

const isText = (value: unknown): value is string => typeof value === 'string';

/** What an older or newer page wrote in another form is left where it is, and not shown. */
function isChat(row: Partial<ChatRecord> | undefined): row is ChatRecord {
  return row !== undefined && [row.id, row.title, row.model].every(isText) && Number.isFinite(row.changed);
}

function isTurn(row: Partial<TurnRecord> | undefined): row is TurnRecord {
  return row !== undefined && [row.chat, row.id, row.asked, row.said, row.end, row.model].every(isText);
}
