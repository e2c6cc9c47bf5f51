// Where the router sends a row: one of its experts and what that expert's result is multiplied by.
struct Route {
  expert: u32,
  weight: f32,
}
