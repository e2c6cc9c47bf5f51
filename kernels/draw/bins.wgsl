// A row's tokens by how far they lie below its best: 256 bins of 1/8 nat. The last bin is everything from
// 32 nats down, which no draw can reach (its tokens have e^-32 of the best one's probability at most).
import package::sampler::Sampler;

const BINS = 256u;
const LAST_BIN = 255u;
const PER_NAT = 8.0;
const NO_BIN = 0xffffffffu;

// A row of the work buffer: for each bin its number of tokens and their mass, in units of e^(-bin / PER_NAT)
// of the best token's: 2^-13ths and 2^-26ths, all integers so that no sum depends on its order (and as small
// as to let 2^18 tokens fit a word). Then the verdict.
const HIGHS = 256u;
const LOWS = 512u;
const UNIT = 8192.0;
// Key of the best score.
const TOP = 768u;
// Bins below it survive top-k and top-p.
const CERTAIN = 769u;
// The bin in which the k-th token lies, if not at its end (else NO_BIN), and how many of its tokens are kept.
const BIN_K = 770u;
const NEED_K = 771u;
// The bins in which top-p's last token may lie, or NO_BIN twice without top-p.
const FIRST_P = 772u;
const LAST_P = 773u;
// Masses, as bits of f32, the best token's being 1: of the bins before FIRST_P, and of those that top-k keeps whole.
const MASS_BEFORE_P = 774u;
const MASS_TOTAL = 775u;
// Tokens listed because their bin leaves them open.
const LISTED = 776u;
const WORK_STRIDE = 784u;

fn inverse_temperature(sampler: Sampler) -> f32 {
  return 1.0 / max(sampler.temperature, 1e-6);
}

fn bin_of(nats_below: f32) -> u32 {
  return u32(clamp(nats_below * PER_NAT, 0.0, f32(LAST_BIN)));
}

// The largest distance that min-p keeps; the best token stays, however log rounds.
fn min_p_limit(sampler: Sampler) -> f32 {
  return select(3e38, max(-log(max(sampler.min_p, 1e-30)), 0.0), sampler.min_p > 0.0);
}
