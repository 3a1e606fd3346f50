mod calculate;
mod daily;
mod foreign;
mod global;
mod logs;
mod refused;
mod rig;
