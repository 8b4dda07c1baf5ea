//! Ports: what the miner can do to hardware, as pure types and traits.
//!
//! Drivers see the types only ([`LinkOp`], [`LinkEvent`], [`BoardOp`], [`BoardEvent`],
//! [`BusJob`], [`BusDone`], [`FanOp`], [`FanEvent`], [`Order`], [`Told`]).
//! The traits are implemented by `hal/emulated` (a twin) and by the Linux HAL, and are
//! called by shells alone: a thread per port on a real machine, the world's loop in a
//! simulation. Time is an argument, so both run the same code.
//!
//! A port does not know what a chip, a job or a nonce is. It moves whole frames.

mod beats;
mod board;
mod bus;
mod bus_list;
mod bus_port;
mod dead_man;
mod fans;
mod fpga;
mod fpga_fans;
mod fpga_i2c;
mod fpga_layout;
mod fpga_lines;
mod i2c;
mod inside;
mod lines;
mod link;
mod open_core;
mod open_core_fans;
mod orders;
mod outbox;
mod silence;
mod spi;
mod uart;

pub use beats::{Beat, Beats};
pub use board::{BoardEvent, BoardOp, BoardPort, GuardedBoard, Plugs};
pub use bus::{BUS_OPS_MAX, BUS_READ_MAX, BUS_WRITE_MAX, BusDone, BusError, BusId, BusJob, BusOp};
pub use bus_list::BUS_RETRY_MIN;
pub use bus_port::{BUS_QUEUE_MAX, BUS_WITHIN_MAX, BusPort};
pub use dead_man::{DeadMan, LEASE_MAX};
pub use fans::{
    FanEvent, FanOp, FanOverride, FanPort, edge_tach, fpga_tach, linux_pwm_on_ns, open_core_pwm,
    open_core_tach, s9_pwm, x19_pwm,
};
pub use fpga::{FpgaPort, RegisterWindow};
pub use fpga_fans::FpgaFans;
pub use fpga_i2c::FpgaI2c;
pub use fpga_lines::{FpgaLines, FpgaPlugs};
pub use i2c::{I2cMaster, I2cTransfer};
pub use lines::{Line, Lines};
pub use link::{
    COMMAND_FRAME_MAX, Frame, LineErrors, LinkError, LinkEvent, LinkOp, LinkPort, WORK_FRAME_MAX,
};
pub use open_core::{OPEN_CORE_BYTES, OpenCorePort};
pub use open_core_fans::{OpenCoreFans, open_core_fans_full};
pub use orders::{HashPower, Loop, Order, Refusal, Standing, Told, Why};
pub use outbox::WORK_QUEUE_MAX;
pub use spi::{PacedSpi, SPI_BITS_PER_WORD, SPI_EXCHANGE_MAX, SPI_MODE, SpiDevice, SpiTransfer};
pub use uart::{PacedUart, SerialPort};

/// Every port of one machine, ready to be given to a shell.
pub struct MachinePorts {
    /// Chain links. One port may serve several slots (an FPGA) or one (a UART).
    pub links: Vec<Box<dyn LinkPort + Send>>,
    /// I2C buses; empty for a chain alone.
    pub buses: Vec<BusPort<Box<dyn I2cMaster + Send>>>,
    /// Fans, where there are any.
    pub fans: Option<Box<dyn FanPort + Send>>,
    /// Enable line, resets and plug detection.
    pub board: Box<dyn BoardPort + Send>,
    /// Where the loops that serve these ports show that they are alive.
    pub beats: Beats,
}
