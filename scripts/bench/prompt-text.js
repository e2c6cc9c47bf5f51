// The prompts: plain English, about so many tokens (a BPE of today has 128 for 113 of these words; each engine reports its
// own count). Two of one run begin differently, so that no cache of prefixes helps.
const TEXT =
  'The mill stood where the river turned, and the stones had not been lifted since the spring. In the morning the ' +
  'miller opened the sluice, waited until the wheel had found its pace, and poured the first sack of barley into the ' +
  'hopper. His son swept the floor, tied the sacks and counted them, because the baker of the next village paid by the ' +
  'sack and forgot what he had paid before. When the water was low they ground at night, and the light in the upper ' +
  'window told the farmers on the other bank that their corn would be ready. Nobody remembered who had built the house. ' +
  'Its beams came from a ship, its door from a church that had burned, and one of its stones had letters on the lower ' +
  'side that nobody could read. Every seven years the stones were lifted, turned over and dressed with a hammer, and ' +
  'for two days the whole family ate bread from somewhere else and said that it was worse than their own. ';
const WORDS_PER_TOKEN = 113 / 128;

/** `tokens`: about how many. `turn`: which of several, each with another beginning. */
export function promptText(tokens, turn) {
  const all = TEXT.trim().split(' ');
  const count = Math.max(1, Math.round(tokens * WORDS_PER_TOKEN));
  return Array.from({ length: count }, (_, i) => all[(i + turn * 17) % all.length]).join(' ');
}
