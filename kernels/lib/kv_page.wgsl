// Words of the cache, by page, head and token within the page.
import package::kv::{kv_row_words, kv_load4};
import constants::{KEY_DIM, VALUE_DIM, KV_HEADS};

const PAGE = 32u;

fn page_base(page: u32, head: u32) -> u32 {
  @if(latent) { return (page * u32(KV_HEADS) + head) * PAGE * kv_row_words(u32(KEY_DIM)); }
  @if(!latent) {
    return (page * u32(KV_HEADS) + head) * PAGE * (kv_row_words(u32(KEY_DIM)) + kv_row_words(u32(VALUE_DIM)));
  }
}

fn key_row(page: u32, head: u32, token: u32) -> u32 {
  return page_base(page, head) + token * kv_row_words(u32(KEY_DIM));
}

fn value_row(page: u32, head: u32, token: u32) -> u32 {
  // A latent row is a key, and its first values are the value.
  @if(latent) { return key_row(page, head, token); }
  @if(!latent) {
    return page_base(page, head) + PAGE * kv_row_words(u32(KEY_DIM)) + token * kv_row_words(u32(VALUE_DIM));
  }
}

// A vec4 of the value whose row begins at word `row`.
fn value_load4(row: u32, quad: u32) -> vec4f {
  @if(latent) { return kv_load4(row, quad, u32(KEY_DIM)); }
  @if(!latent) { return kv_load4(row, quad, u32(VALUE_DIM)); }
}
