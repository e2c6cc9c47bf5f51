// What a run of the figures leaves behind: charts of measured costs, each point with the least that the adapter allows.

export interface Point {
  x: number;
  /** The median, and the spread of the repetitions. */
  y: number;
  low?: number;
  high?: number;
  /** The least by the roofline of the same run. */
  limit?: number;
  note?: string;
}

export interface Line {
  name: string;
  points: Point[];
}

export interface Chart {
  title: string;
  /** Of both axes. */
  scale: 'log' | 'linear';
  x: string;
  y: string;
  lines: Line[];
}

export interface Figures {
  date: string;
  adapter: string;
  /** What else the machine did: its load average, before and after. */
  load: [number, number];
  cores: number;
  charts: Chart[];
}
