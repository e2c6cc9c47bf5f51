// The value that each IQ4 nibble n stands for. A table lookup is ten operations a weight; this polynomial
// misses none of the sixteen by more than 0.44, so rounding it gives them exactly, in six. Counted in UNIT, as bytes are.
import package::bytes::{bytes, UNIT};

fn iq4_values(nibbles: u32) -> vec4f {
  let n = bytes(nibbles) * UNIT;
  return round((((n * 0.001586 + 0.031086) * n - 1.37193) * n + 24.1738) * n - 126.567) / UNIT;
}

fn iq4_byte_word(nibbles: u32) -> u32 {
  return pack4xU8(vec4u(iq4_values(nibbles) + 128.0));
}

// 128 more than the values of the nibbles in four words' bytes.
fn iq4_bytes(nibbles: vec4u) -> vec4u {
  return vec4u(
    iq4_byte_word(nibbles.x), iq4_byte_word(nibbles.y), iq4_byte_word(nibbles.z), iq4_byte_word(nibbles.w),
  );
}
