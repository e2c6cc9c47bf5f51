// Words of the cache, by page, head and token within the page.
import package::kv::kv_row_words;
import constants::{KEY_DIM, VALUE_DIM, KV_HEADS};

const PAGE = 32u;

fn page_base(page: u32, head: u32) -> u32 {
  return (page * u32(KV_HEADS) + head) * PAGE * (kv_row_words(u32(KEY_DIM)) + kv_row_words(u32(VALUE_DIM)));
}

fn key_row(page: u32, head: u32, token: u32) -> u32 {
  return page_base(page, head) + token * kv_row_words(u32(KEY_DIM));
}

fn value_row(page: u32, head: u32, token: u32) -> u32 {
  return page_base(page, head) + PAGE * kv_row_words(u32(KEY_DIM)) + token * kv_row_words(u32(VALUE_DIM));
}
