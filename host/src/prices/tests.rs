mod golden;
mod overrides;
mod properties;
mod refresh;
mod table;
mod units;
