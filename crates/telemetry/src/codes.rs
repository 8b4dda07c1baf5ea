//! Stable codes: every fault, refusal and decision has one, and `docs/codes.md` explains
//! each. A code never changes its meaning and is never used again for another.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// How much attention something needs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// An outcome: nothing to do.
    Info,
    /// Something went wrong and was recovered from.
    Warn,
    /// Needs a person.
    Error,
}

macro_rules! codes {
    ($($name:ident = $text:literal, $severity:ident, $what:literal, $remedy:literal;)*) => {
        /// A stable code. Its text is what logs, the REST interface and people use.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $what] $name,)*
        }

        /// Every code there is.
        pub const CODES: &[Code] = &[$(Code::$name,)*];

        impl Code {
            /// The stable text, `E-…`.
            pub const fn text(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }

            /// How much attention it needs.
            pub const fn severity(self) -> Severity {
                match self { $(Code::$name => Severity::$severity,)* }
            }

            /// What it means, in a sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Code::$name => $what,)* }
            }

            /// What the owner should do about it; empty where there is nothing to do.
            pub const fn remedy(self) -> &'static str {
                match self { $(Code::$name => $remedy,)* }
            }
        }
    };
}

codes! {
    // Configuration
    ConfigRead = "E-CONF-READ", Error, "the configuration file cannot be read", "check the path and its permissions";
    ConfigSyntax = "E-CONF-SYNTAX", Error, "the configuration is not valid TOML", "correct the line that is named";
    ConfigKey = "E-CONF-KEY", Error, "the configuration has an unknown, missing or misplaced key", "correct the key that is named; `stannary check-config` lists all faults";
    ConfigValue = "E-CONF-VALUE", Error, "a configuration value is not allowed", "use a value of the kind and range that is named";
    ConfigRelaxed = "E-CONF-RELAXED", Warn, "the machine's own configuration, or that it is a twin, relaxes a protection", "nothing, if that is meant; `docs/safety.md` says what is given up";
    MachineUnknown = "E-CONF-MACHINE", Error, "no machine definition has this name", "`stannary machines` lists the names";
    BackendAbsent = "E-CONF-BACKEND", Error, "this build cannot drive the machine through the requested backend", "use `backend = \"twin\"`";
    ConfigUnserved = "E-CONF-UNSERVED", Warn, "the configuration asks for something that this build does not do", "remove the key, or leave it for a later version";
    // Process
    PortTaken = "E-PROC-LOCKED", Error, "another process has these ports", "stop the other daemon or twin, or give this one a place of its own";
    ListenFailed = "E-PROC-LISTEN", Error, "an address to listen on is not available", "choose another address or stop the program that holds it";
    Started = "E-PROC-START", Info, "the daemon started", "";
    Stopping = "E-PROC-STOP", Info, "the daemon is stopping: work stops, chains power down", "";
    Button = "E-PROC-BUTTON", Info, "somebody pressed a button of the control board", "";
    PanelRefused = "E-DEV-PANEL", Warn, "a light or button of the control board cannot be used; the machine runs without it", "see the path and the reason that are named; `gpioinfo` shows who holds a line";
    Stalled = "E-PROC-STALLED", Error, "a loop of the daemon stands still; if it does not move within two seconds, everything is switched off", "report this with the log; look for a device that does not answer";
    StateRead = "E-PROC-STATE", Warn, "what the last run left cannot be understood; it was put aside as `*.damaged` and defaults hold", "give pause, fan mode and power ceiling again; check the disk";
    StateWrite = "E-PROC-REMEMBER", Warn, "what should survive this run cannot be written down", "check that the folder exists and can be written, and that the disk has room";
    BoardOther = "E-CONF-BOARD", Error, "this computer is not the control board that the configuration names", "run on that board, name another in `control_board`, or use `backend = \"twin\"`";
    TwinOnBoard = "E-CONF-TWIN", Error, "a twin may not stand in for the machine on a real control board", "use `backend = \"linux\"`";
    DeviceRefused = "E-DEV-REFUSED", Error, "a device of the control board is missing, held by another, or refused by the kernel", "see the path and the reason that are named";
    // Chains
    ChainMissing = "E-CHAIN-MISSING", Error, "no hashboard is plugged into this slot", "seat the hashboard and its cables while the machine is off; one that stayed on looks again on `stannary resume`";
    ChainChips = "E-CHAIN-CHIPS", Error, "a chain answered with another number of chips than its board has", "check the flat cable; a chip or its domain may be dead";
    ChainChipId = "E-CHAIN-CHIPID", Error, "a chip reported an identity that this board does not carry", "check that the machine definition fits the hashboard";
    ChainForeign = "E-CHAIN-FOREIGN", Error, "a chip among the right ones reported another identity; the others hash", "check the chip that is named: its solder, its supply, or that it is of the board's type";
    ChainSilent = "E-CHAIN-SILENT", Warn, "a hashing chain returned nothing for much longer than chance allows", "if it recurs, check cable, power and reset of the board";
    ChainMute = "E-CHAIN-MUTE", Warn, "a chip that was counted does not answer questions any more", "watch its nonces: if they are missing too, check the chip that is named, its domain and its solder";
    ChainCounters = "E-CHAIN-COUNTERS", Warn, "a chip's own counters show errors or a low hash rate", "lower the frequency or raise the voltage; if one chip stands out, check it";
    ChainNoisy = "E-CHAIN-NOISY", Warn, "many damaged frames arrive from a chain", "check the flat cable and the board's ground";
    ChainRestart = "E-CHAIN-RESTART", Warn, "a chain is brought up again", "";
    ChainGaveUp = "E-CHAIN-GAVEUP", Error, "a chain failed too often and stays off", "repair the board, then restart the daemon";
    ChainUp = "E-CHAIN-UP", Info, "a chain reached its frequency and hashes", "";
    ChainBaud = "E-CHAIN-BAUD", Warn, "the link's baud rate cannot carry all the work that the chips need", "hashrate is lost as stated; use a faster link";
    ChainCarries = "E-CHAIN-CARRIES", Info, "the link carries all the work that the chips need again", "";
    ChainRepeats = "E-CHAIN-REPEATS", Warn, "the link's jobs have room for more versions than the pool grants, so chips hash some of them twice", "hashrate is lost as stated; use a pool that grants two version bits or more";
    ChainPower = "E-CHAIN-POWER", Error, "a board's hash power did not come, or went without being ordered to", "look for faults of the supply and of this board's voltage controller; check its plugs";
    ChainRampGuard = "E-CHAIN-RAMP", Error, "during the frequency ramp the nonce rate left the model's bounds", "the frequency may not be what was ordered; the ramp was stopped";
    ChainHwErrors = "E-CHAIN-HWERR", Warn, "chips return nonces that fit no work in flight", "lower the frequency or raise the voltage";
    ChainChipLost = "E-CHAIN-CHIPLOST", Warn, "chips of a hashing chain return nothing any more; the others hash", "check the chip that is named, its solder and its domain's supply: all behind a dead chip are cut off with it";
    ChainChipBack = "E-CHAIN-CHIPBACK", Info, "chips that returned nothing are heard again", "";
    LinkFault = "E-CHAIN-LINK", Error, "the link to a chain does not work", "check the port that is named";
    LinkNoise = "E-CHAIN-LINE", Warn, "the serial device of a chain counted damaged bytes", "check the flat cable; if they come with each byte, the two ends have different baud rates";
    BoardFault = "E-BOARD-OP", Error, "the control board refused a power or reset operation", "check the board's wiring and the daemon's permissions";
    BoardController = "E-BOARD-CONTROLLER", Error, "a hashboard's voltage controller does not do what it is told; the board is off", "check the board's plug and cable; if it recurs, the board needs repair";
    BoardMemory = "E-BOARD-MEMORY", Warn, "a hashboard's memory cannot be read, or is laid out in a way that is not known", "nothing depends on it; check the board's cable if its other parts are silent too";
    BoardUp = "E-BOARD-UP", Info, "a hashboard's power is on", "";
    // Probe
    ProbeNoBoard = "E-PROBE-NOBOARD", Error, "this is no control board that is known", "run it on a control board, or name one with `--control-board`; `--twin NAME` looks at a twin";
    ProbeDevice = "E-PROBE-DEVICE", Warn, "a device of the control board is missing or refuses", "check that the control board is the right one, that its driver is loaded, and that this user may open the device";
    ProbeBus = "E-PROBE-BUS", Warn, "a bus of the control board does not work", "unplug its parts one by one: one of them may hold it";
    ProbeUnsure = "E-PROBE-UNSURE", Info, "what was seen fits more than one definition, or none", "look at the labels of hashboards and supply, and name the machine yourself";
    // Supply
    PsuUp = "E-PSU-UP", Info, "the power supply is on", "";
    PsuFailed = "E-PSU-FAILED", Error, "the power supply does not answer or does not come up; it is off", "check its signal cable and its mains; it is tried again";
    PsuOther = "E-PSU-OTHER", Error, "the power supply stands at another voltage than it was set to; it was switched off", "it may have restarted or be driven by someone else: check its mains and its signal cable";
    PsuCut = "E-PSU-CUT", Error, "the power supply was switched off by a protection", "look for what is said to be the reason; it is tried again";
    PsuType = "E-PSU-TYPE", Error, "the power supply is of a type that must not be driven in this machine; it stays off", "fit a supply of a type that the machine's page names";
    PsuVoltage = "E-PSU-VOLTAGE", Error, "no voltage may be ordered, or not this one", "give the hashboards' voltages in the configuration if you know them; orders must lie inside the machine's limits";
    // The time
    ClockKnown = "E-CLOCK-KNOWN", Info, "how well the time is known has changed", "";
    ClockSilent = "E-CLOCK-SILENT", Warn, "no time server says what time it is", "check `[time]`, the network and name service";

    // Pools
    PoolAddress = "E-POOL-ADDRESS", Error, "a pool's address cannot be read", "write it as `stratum+tcp://host:port`, `stratum+ssl://host:port`, `stratum2+tcp://host:port/KEY` or `node+http://user:password@host:port`";
    PoolScheme = "E-POOL-SCHEME", Error, "this build does not speak a pool's protocol", "use a `stratum+tcp://`, `stratum+ssl://`, `stratum2+tcp://` or `node+http://` address";
    PoolImported = "E-POOL-IMPORT", Warn, "the configuration named no pool; those of the firmware before were taken into it", "look whether they are yours; `stannary pools` changes them";
    PoolImportFailed = "E-POOL-NOIMPORT", Warn, "the configuration names no pool, and those of the firmware before could not be taken", "add a `[[pool]]`, or try `stannary config import FILE`, which says what is wrong";
    PoolConnect = "E-POOL-CONNECT", Warn, "a pool cannot be reached", "check address, network and name service";
    PoolCertificate = "E-POOL-CERT", Error, "a pool's certificate does not show that it is the pool; nothing was sent to it", "check the address; for an authority of your own set `tls_ca`, for one key `tls_pin`";
    PoolPin = "E-POOL-PIN", Error, "a pool has another key than the one that is pinned; nothing was sent to it", "ask the pool whether it changed its key, then correct `tls_pin`";
    PoolTls = "E-POOL-TLS", Warn, "no TLS connection can be made with a pool", "check that this port of the pool speaks TLS";
    PoolClock = "E-POOL-CLOCK", Warn, "whether a pool's certificate is valid cannot be told, because this machine's clock cannot be trusted", "name time servers in `[time]`, or set the clock";
    PoolProxy = "E-POOL-PROXY", Warn, "the proxy on the way to a pool does not connect", "check `proxy`, its login, and what the proxy allows";
    PoolClosed = "E-POOL-CLOSED", Warn, "a pool closed the connection", "";
    PoolSilent = "E-POOL-SILENT", Warn, "a pool accepted the connection and says nothing", "";
    PoolRefusedUser = "E-POOL-AUTH", Error, "a pool does not accept this user", "check user and password of the pool";
    PoolSubscribe = "E-POOL-SUBSCRIBE", Error, "a pool's answer to subscribe cannot be used", "";
    PoolProtocol = "E-POOL-PROTOCOL", Warn, "a pool sent something that is not Stratum", "";
    PoolLine = "E-POOL-LINE", Warn, "a pool sent a line longer than the limit", "";
    PoolJob = "E-POOL-JOB", Warn, "a pool's job cannot be used and was skipped", "";
    PoolDifficulty = "E-POOL-DIFF", Warn, "a pool set a difficulty that does not exist; the old one is kept", "";
    PoolExtranonce = "E-POOL-EXTRANONCE", Error, "a pool gives an extranonce that cannot be used", "";
    PoolVersionBits = "E-POOL-VBITS", Warn, "a pool grants fewer version bits than the chips need", "hashrate is lost as stated; use a pool that grants 16 bits";
    PoolRejects = "E-POOL-REJECTS", Error, "a pool rejects one share after the other", "look at the likely cause that is named";
    PoolAccepts = "E-POOL-ACCEPTS", Info, "a pool that had rejected several shares in a row accepts them again", "";
    PoolNoAnswer = "E-POOL-NOANSWER", Warn, "a pool did not answer a submitted share", "";
    PoolMessage = "E-POOL-MESSAGE", Info, "a pool sent a message for its user", "";
    PoolReconnect = "E-POOL-RECONNECT", Info, "a pool asked to reconnect", "";
    PoolUp = "E-POOL-UP", Info, "a pool accepted the session and sent work", "";
    PoolOrder = "E-POOL-ORDER", Warn, "the list of pools was not changed as ordered", "`stannary pools` shows the pools with their numbers";
    PoolGroup = "E-POOL-GROUP", Warn, "groups of pools and their quotas were not changed as ordered", "the reason is named; `stannary pools` shows the groups with their quotas";
    PoolSpaceSpent = "E-POOL-SPENT", Warn, "the search space of a job is used up and no new work can be made from it", "";
    BlockFound = "E-POOL-BLOCK", Info, "a share met the network target", "";
    // One's own node
    NodeLogin = "E-NODE-AUTH", Error, "a node refuses its user, password or cookie", "give the user and the password of the node's `rpcauth` in the address, or the path of its `.cookie` as `cookie`";
    NodeNotReady = "E-NODE-NOTREADY", Warn, "a node has no templates yet", "wait until it has the whole chain and peers: `bitcoin-cli getblockchaininfo` shows how far it is";
    NodePayout = "E-NODE-PAYOUT", Error, "the payout address is not one of the node's chain", "give an address of that chain as the pool's `user`, or ask another node";
    NodeTemplate = "E-NODE-TEMPLATE", Warn, "what a node says cannot be used; the last good template is kept", "look into the node's log; something between it and the miner may answer in its place";
    NodeRules = "E-NODE-RULES", Error, "a node's chain asks of its miners what this build cannot do", "use a node of another chain, or a later version";
    NodeRefused = "E-NODE-REFUSED", Error, "a node refused a block", "the reason is named; unless another block came first, report this with the node's log";
    NodeBlock = "E-NODE-BLOCK", Info, "a node took a block of this machine", "";
    // Interfaces
    ApiHost = "E-API-HOST", Warn, "a request came under a name that is not this machine's", "use the address that the daemon printed, or `localhost`";
    ApiPath = "E-API-PATH", Info, "there is nothing at this path", "`/api/v1/openapi.json` lists what exists";
    ApiMethod = "E-API-METHOD", Info, "this path does not take this method", "`/api/v1/openapi.json` lists what exists";
    ApiRequest = "E-API-REQUEST", Info, "a request cannot be understood", "`/api/v1/openapi.json` describes what is expected";
    ApiRange = "E-API-RANGE", Info, "a setting is outside what this machine takes", "`stannary limits` shows the range of each setting";
    ApiForbidden = "E-API-FORBIDDEN", Warn, "this interface may not give this command", "use the command line on the machine itself";
    ApiBusy = "E-API-BUSY", Warn, "the miner did not take a command", "it is stopping, or its queue is full: try again";
    ApiStreams = "E-API-STREAMS", Warn, "as many live streams are open as this machine serves", "close a page or a program that reads one, or ask `/api/v1/status` again and again meanwhile";
    // Who may do what
    AccessUnclaimed = "E-ACCESS-UNCLAIMED", Warn, "this machine has no password yet: over the network it only takes one", "open its page and set the password, or use `stannary access claim` on the machine";
    AccessClaimed = "E-ACCESS-CLAIMED", Warn, "this machine has its password already", "log in; who lost the password holds the reset button for 5 s, or uses `stannary access reset` on the machine";
    AccessLogin = "E-ACCESS-LOGIN", Warn, "this needs a login", "log in at the page, or send a token as `Authorization: Bearer`; `stannary access token add` makes one";
    AccessToken = "E-ACCESS-TOKEN", Warn, "a token is not known, or was revoked", "make another with `stannary access token add` on the machine";
    AccessScope = "E-ACCESS-SCOPE", Warn, "a token may not do this", "make one with the scope that is named";
    AccessCsrf = "E-ACCESS-CSRF", Warn, "a change came with a session's cookie and without its token", "send what `/api/v1/session` calls `csrf` as `X-CSRF-Token`; programs use a token and no cookie";
    AccessPassword = "E-ACCESS-PASSWORD", Warn, "the password is not right", "try again; who lost it holds the reset button for 5 s, or uses `stannary access reset` on the machine";
    AccessWait = "E-ACCESS-WAIT", Warn, "logins failed: the next one has to wait", "wait as long as is said; the command line on the machine does not have to";
    AccessWeak = "E-ACCESS-WEAK", Info, "a password is too short, too long, or has control characters", "use 8 characters or more, at most 256 bytes";
    AccessValue = "E-ACCESS-VALUE", Info, "a name, or another setting of access, cannot be taken", "the reason is named";
    AccessFile = "E-ACCESS-FILE", Error, "what is kept of password and tokens cannot be read: nothing is taken over the network", "`stannary access reset` on the machine, or its reset button held for 5 s, puts the file aside; then set the password anew";
    AccessWrite = "E-ACCESS-WRITE", Error, "password, tokens or settings of access could not be written", "check the disk; what was to be added was not, what was taken away comes back with the next start";
    AccessReset = "E-ACCESS-RESET", Warn, "password, sessions and tokens were forgotten", "set a password: until then whoever comes first does";
    AccessChange = "E-ACCESS-CHANGE", Info, "somebody changed something: who, from where, what", "";
    // HTTPS
    HttpsFile = "E-HTTPS-FILE", Warn, "what is kept of the certificate cannot be read: it was put aside and another one made", "compare the new fingerprint before you trust it: `stannary access fingerprint` on the machine";
    HttpsWrite = "E-HTTPS-WRITE", Warn, "the certificate cannot be kept: the next start makes another one", "check the disk, or give a file with `[api] access`";
    HttpsOwn = "E-HTTPS-OWN", Warn, "the owner's own certificate or key cannot be used any more: the one before goes on", "give a chain and its key in PEM form in `https_certificate` and `https_key`";
    // The owner's MQTT broker
    MqttUp = "E-MQTT-UP", Info, "the MQTT broker took the connection", "";
    MqttConnect = "E-MQTT-CONNECT", Warn, "the MQTT broker cannot be reached", "check `url` in `[mqtt]`, that the broker runs, and network and name service; it is tried again by itself";
    MqttTls = "E-MQTT-TLS", Error, "the MQTT broker's certificate does not show that it is the broker, or there is no TLS; nothing was sent to it", "the reason is named; for an authority of your own set `tls_ca`, for one key `tls_pin`; whether a certificate is valid needs the time, see `[time]`";
    MqttLogin = "E-MQTT-AUTH", Error, "the MQTT broker refuses this machine, or does not let it hear orders", "check `user`, `password` and `client_id` in `[mqtt]`, and what the broker lets this user do";
    MqttProtocol = "E-MQTT-PROTOCOL", Warn, "what answers is no MQTT broker", "check that this port speaks MQTT 3.1.1, with `mqtts://` where it wants TLS";
    MqttClosed = "E-MQTT-CLOSED", Warn, "the connection with the MQTT broker was lost", "if it recurs, look into the broker's log: two machines with one `client_id` end each other's connections";
    MqttMessage = "E-MQTT-MESSAGE", Warn, "an order that came over MQTT was not followed", "the reason is named; docs/mqtt.md lists the orders";
    // Being found
    MdnsSocket = "E-MDNS-SOCKET", Warn, "this machine cannot announce itself on the network", "see the reason that is named; `mdns = false` in `[api]` switches it off";
    MdnsName = "E-MDNS-NAME", Warn, "another machine on the network has this one's name: it is announced under another", "give the machine a name of its own: `stannary access claim --name`, or at its page";
    // Twin
    TwinChip = "E-TWIN-CHIP", Error, "the twin has no model of this chip", "use one of the chips that are named";
    TwinPath = "E-TWIN-PATH", Error, "a twin cannot be reached at this path", "choose a short path in a folder that can be written, where nothing is";
    TwinWhole = "E-TWIN-WHOLE", Error, "this machine cannot run as a twin", "`stannary machines` shows what this version runs";
    TwinAway = "E-TWIN-AWAY", Error, "no twin answers in this folder", "start one with `stannary twin --machine NAME --dir DIR`";
    TwinOther = "E-TWIN-OTHER", Error, "the twin in this folder is not the machine that is configured", "start the twin that the configuration names, or configure the one that runs";
    TwinNode = "E-TWIN-NODE", Error, "the node does not give templates to the twin's pool", "check address and credentials, and that the node is out of initial download";
    TwinVoltage = "E-TWIN-VOLTAGE", Info, "no source tells the voltage of this machine's hashboards; the twin has one of its own", "";
    TwinSupply = "E-TWIN-SUPPLY", Info, "no voltage can be ordered from this machine's supply; its twin has another one", "";
    DemoShortened = "E-DEMO-SETTLE", Info, "settle times of the bring-up are shortened in the demo", "";
    // Heat, decided by control
    HeatWarn = "E-HEAT-WARN", Warn, "a place is hot: fans are full", "check filters, inlet air and the space behind the machine";
    HeatEased = "E-HEAT-EASED", Info, "no place is hot any more", "";
    HeatDerate = "E-HEAT-DERATE", Warn, "a place is too hot: the board's frequency is lowered", "check filters, inlet air and fans; hashrate comes back when it cools";
    HeatRestored = "E-HEAT-RESTORED", Info, "a board has cooled: its frequency is no longer held down by heat", "";
    HeatStop = "E-HEAT-STOP", Error, "a place reached its power-off temperature: hash power went off", "check fans, filters, inlet air and heat sinks before the board is trusted again";
    HeatCold = "E-HEAT-COLD", Info, "a board is cold: its frequency stays low until it is warm", "";
    HeatInlet = "E-HEAT-INLET", Warn, "the air is too hot to start", "cool the room; the machine starts by itself";
    HeatTarget = "E-HEAT-TARGET", Info, "the target temperature of quiet fans was changed", "";
    // Sensors, judged by control
    SensorSilent = "E-SENSOR-SILENT", Error, "a sensor gives no readings any more: its board went off", "check the sensor that is named, its bus and the board's cable";
    SensorImplausible = "E-SENSOR-IMPLAUSIBLE", Error, "a sensor's readings cannot be true: its board went off", "check the sensor that is named: stuck, jumping, or cooler than it can be";
    SensorNone = "E-SENSOR-NONE", Error, "a board has no temperature sensor that can be read and stays off", "check the cable; a board that cannot be watched runs only by consent in the local configuration";
    // Fans, judged by control
    FanLost = "E-FAN-LOST", Error, "a fan stands or is not heard: the others are full", "replace the fan that is named, or seat its plug";
    FanBack = "E-FAN-BACK", Info, "a fan turns again", "";
    FanFull = "E-FAN-FULL", Info, "fans are full for safety", "the reason is named; it ends by itself";
    FanFew = "E-FAN-FEW", Error, "too few fans turn: hash power went off", "replace the fans that are named; the machine starts by itself when they turn";
    FanStopped = "E-FAN-STOPPED", Error, "no fan turns: hash power went off", "check the fans and their supply";
    FanMode = "E-FAN-MODE", Info, "the fans' mode was changed", "";
    FanLocal = "E-FAN-LOCAL", Warn, "running without fans was asked for and is not allowed here", "only the machine's own configuration can say that it is cooled by liquid";
    // Power, decided by control
    PowerOn = "E-POWER-ON", Info, "hash power is switched on", "";
    PowerOff = "E-POWER-OFF", Info, "hash power is switched off", "";
    PowerWait = "E-POWER-WAIT", Info, "the start waits for a random time, so that a site's machines do not start at once", "";
    PowerRestart = "E-POWER-RESTART", Warn, "a board that control stopped may start again after a wait", "look for the reason of the stop; waits grow with each stop of an hour";
    PowerIntent = "E-POWER-INTENT", Info, "what the machine is to do was changed: hash, pause or sleep", "";
    PowerSet = "E-POWER-SET", Info, "the operator's power ceiling was changed", "";
    PowerLow = "E-POWER-LOW", Warn, "the power ceiling is below what the machine draws when it starts: hash power stays off", "raise the ceiling (`stannary limits` shows the least), or pause the machine";
    PowerFree = "E-POWER-FREE", Info, "a reason that kept the machine off is gone", "";
    PowerCeiling = "E-POWER-CEILING", Info, "frequency is held down by the power limit", "";
    PowerOver = "E-POWER-OVER", Error, "more power is drawn than the machine may: hash power went off", "check supply and boards; the limit is in the machine definition";
    PowerSupply = "E-POWER-SUPPLY", Error, "the supply failed or refuses orders: hash power went off", "check the supply, its type and its cable";
    PowerSag = "E-POWER-SAG", Error, "the rail is not at its voltage: hash power went off", "check mains voltage, the supply and its connections";
    PowerBoard = "E-POWER-BOARD", Error, "a board failed and stays off; the others go on", "check the board that is named";
    PowerStuck = "E-POWER-STUCK", Error, "a board could not be switched off alone: the supply went off", "check the board's voltage controller";
    PowerIsolated = "E-POWER-ISOLATED", Warn, "a board is held in reset and stays under voltage: it cannot be switched alone", "pull the board's power if it is to be without voltage while the others run";
    PowerLimited = "E-POWER-LIMITED", Warn, "a setpoint outside the limits was cut to them or refused", "report this with the log: no command can order outside the limits";
    PowerUnguarded = "E-POWER-UNGUARDED", Error, "nothing in this machine cuts the power if the daemon dies: hash power stays off", "read `docs/safety.md`; whoever accepts it says `hash_without_cutoff = true` under `[safety]` in the machine's own configuration";
    PowerNoPool = "E-POWER-NOPOOL", Info, "no pool gives work: the frequency falls, then hash power goes off until one does", "";
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.text())
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Code {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Code".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^E(-[A-Z0-9]+)+$",
            "description": "A stable code; all of them are listed in the documentation."
        })
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        let found = CODES.iter().find(|code| code.text() == text);
        found
            .copied()
            .ok_or_else(|| de::Error::custom(format!("`{text}` is no code")))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_code_is_read_back_from_its_text_alone() {
        use serde::de::IntoDeserializer;
        use serde::de::value::Error;
        let read = |text: &'static str| {
            Code::deserialize(IntoDeserializer::<Error>::into_deserializer(text))
        };
        assert!(CODES.iter().all(|c| read(c.text()) == Ok(*c)));
        assert!(read("E-NO-SUCH").is_err());
    }

    #[test]
    fn codes_are_unique_and_well_formed() {
        let texts: BTreeSet<_> = CODES.iter().map(|c| c.text()).collect();
        assert_eq!(texts.len(), CODES.len());
        for text in texts {
            assert!(text.starts_with("E-"), "{text}");
            assert!(
                text.bytes().all(|b| b.is_ascii_uppercase() || b == b'-'),
                "{text}"
            );
        }
    }
}
