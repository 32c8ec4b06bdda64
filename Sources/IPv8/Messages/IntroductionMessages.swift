/// Asks a peer to introduce the sender to another one.
public struct IntroductionRequest: Hashable, Sendable {
    /// The generation of the message.
    public var style: IntroductionStyle
    /// The sender's counter of introductions and punctures; receivers ignore it.
    public var globalTime: UInt64
    /// Where the packet is sent to, as the sender sees it.
    public var destination: Address
    /// The sender's address in its own network.
    public var sourceLAN: Address
    /// The sender's address as others see it.
    public var sourceWAN: Address
    /// Bits that tell what the sender can do.
    public var flags: Flags
    /// Comes back in the response.
    public var identifier: UInt16
    /// Whatever the sender adds; this overlay adds nothing.
    public var extra: [UInt8]

    /// The bits of the flag byte that mean something.
    public struct Flags: OptionSet, Hashable, Sendable {
        /// The byte as on the wire.
        public let rawValue: UInt8
        /// Wraps the byte that is on the wire.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// In the old style: the sender would like to be answered in the new one.
        public static let wantsNewStyle = Flags(rawValue: 0x20)
        /// In the old style: set by every sender, and ignored.
        public static let advice = Flags(rawValue: 0x01)
    }

    public init(
        style: IntroductionStyle, globalTime: UInt64, destination: Address, sourceLAN: Address, sourceWAN: Address,
        flags: Flags, identifier: UInt16, extra: [UInt8] = []
    ) {
        self.style = style
        self.globalTime = globalTime
        self.destination = destination
        self.sourceLAN = sourceLAN
        self.sourceWAN = sourceWAN
        self.flags = flags
        self.identifier = identifier
        self.extra = extra
    }
}

/// Introduces the asker to a peer, and tells it what its address looks like from outside.
public struct IntroductionResponse: Hashable, Sendable {
    /// The generation of the message.
    public var style: IntroductionStyle
    /// The sender's counter of introductions and punctures; receivers ignore it.
    public var globalTime: UInt64
    /// The asker's address as the sender sees it.
    public var destination: Address
    /// The sender's address in its own network.
    public var sourceLAN: Address
    /// The sender's address as others see it.
    public var sourceWAN: Address
    /// The introduced peer's address in its own network, or none.
    public var introducedLAN: Address
    /// The introduced peer's address as others see it, or none.
    public var introducedWAN: Address
    /// Bits that tell what the sender and the introduced peer can do.
    public var flags: Flags
    /// The request's.
    public var identifier: UInt16
    /// Whatever the sender adds; this overlay adds nothing.
    public var extra: [UInt8]

    /// The bits of the flag byte that mean something; the styles number them differently.
    public struct Flags: OptionSet, Hashable, Sendable {
        /// The byte as on the wire.
        public let rawValue: UInt8
        /// Wraps the byte that is on the wire.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// In the old style: the sender speaks the new one.
        public static let speaksNewStyle = Flags(rawValue: 0x10)
        /// In the old style: the introduced peer speaks the new one.
        public static let introducedSpeaksNewStyle = Flags(rawValue: 0x08)
        /// In the old style: the sender takes no more peers.
        public static let peerLimitReached = Flags(rawValue: 0x04)
    }

    public init(
        style: IntroductionStyle, globalTime: UInt64, destination: Address, sourceLAN: Address, sourceWAN: Address,
        introducedLAN: Address, introducedWAN: Address, flags: Flags, identifier: UInt16, extra: [UInt8] = []
    ) {
        self.style = style
        self.globalTime = globalTime
        self.destination = destination
        self.sourceLAN = sourceLAN
        self.sourceWAN = sourceWAN
        self.introducedLAN = introducedLAN
        self.introducedWAN = introducedWAN
        self.flags = flags
        self.identifier = identifier
        self.extra = extra
    }
}

/// Asks a peer to send a puncture to a walker. The only message without a signature.
public struct PunctureRequest: Hashable, Sendable {
    /// The generation of the message.
    public var style: IntroductionStyle
    /// The sender's counter of introductions and punctures; receivers ignore it.
    public var globalTime: UInt64
    /// The walker's address in its own network.
    public var walkerLAN: Address
    /// The walker's address as others see it.
    public var walkerWAN: Address
    /// Goes into the puncture.
    public var identifier: UInt16

    public init(
        style: IntroductionStyle, globalTime: UInt64, walkerLAN: Address, walkerWAN: Address, identifier: UInt16
    ) {
        self.style = style
        self.globalTime = globalTime
        self.walkerLAN = walkerLAN
        self.walkerWAN = walkerWAN
        self.identifier = identifier
    }
}

/// A packet to a walker, sent so that the sender's NAT lets the walker's own packets in. Nobody answers it.
public struct Puncture: Hashable, Sendable {
    /// The generation of the message.
    public var style: IntroductionStyle
    /// The sender's counter of introductions and punctures; receivers ignore it.
    public var globalTime: UInt64
    /// The sender's address in its own network.
    public var sourceLAN: Address
    /// The address that the puncture goes to, whatever the reference's name for the field.
    public var walkerWAN: Address
    /// The puncture request's.
    public var identifier: UInt16

    public init(
        style: IntroductionStyle, globalTime: UInt64, sourceLAN: Address, walkerWAN: Address, identifier: UInt16
    ) {
        self.style = style
        self.globalTime = globalTime
        self.sourceLAN = sourceLAN
        self.walkerWAN = walkerWAN
        self.identifier = identifier
    }
}
