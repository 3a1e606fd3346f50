mod golden;
mod properties;
mod refresh;
mod table;
