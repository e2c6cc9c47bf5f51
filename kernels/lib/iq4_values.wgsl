// The value that each IQ4 nibble n stands for. A table lookup is ten operations a weight; this polynomial
// misses none of the sixteen by more than 0.44, so rounding it gives them exactly, in six.
import package::bytes::{bytes, BYTE};

fn iq4_values(nibbles: u32) -> vec4f {
  let n = bytes(nibbles) * BYTE;
  return round((((n * 0.001586 + 0.031086) * n - 1.37193) * n + 24.1738) * n - 126.567);
}
