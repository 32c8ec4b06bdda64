/// Asks a peer to introduce the sender to another one.
public struct IntroductionRequest: Hashable, Sendable {
    /// The generation of the message.
    public var style: IntroductionStyle
    /// The sender's counter of introductions and punctures; receivers ignore it.
    public var globalTime: UInt64
    /// The packet's destination as the sender sees it.
    public var destination: Address
    /// The sender's address in its own network.
    public var sourceLAN: Address
    /// The sender's address as others see it.
    public var sourceWAN: Address
    /// The sender's abilities.
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

/// Introduces a peer to the requester, and tells the requester its external address.
public struct IntroductionResponse: Hashable, Sendable {
    /// The generation of the message.
    public var style: IntroductionStyle
    /// The sender's counter of introductions and punctures; receivers ignore it.
    public var globalTime: UInt64
    /// The requester's address as the sender sees it.
    public var destination: Address
    /// The sender's address in its own network.
    public var sourceLAN: Address
    /// The sender's address as others see it.
    public var sourceWAN: Address
    /// The introduced peer's LAN address, or the unspecified address.
    public var introducedLAN: Address
    /// The introduced peer's external address, or the unspecified address.
    public var introducedWAN: Address
    /// The abilities of the sender and the introduced peer.
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
        /// In the old style: the sender accepts no more peers.
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

/// Asks a peer to send a puncture to a third one. The only message without a signature.
public struct PunctureRequest: Hashable, Sendable {
    /// The generation of the message.
    public var style: IntroductionStyle
    /// The sender's counter of introductions and punctures; receivers ignore it.
    public var globalTime: UInt64
    /// The LAN address of the peer to puncture.
    public var walkerLAN: Address
    /// The external address of the peer to puncture.
    public var walkerWAN: Address
    /// Also the number of the puncture.
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

/// A packet that opens the sender's NAT for its receiver. Nobody answers it.
public struct Puncture: Hashable, Sendable {
    /// The generation of the message.
    public var style: IntroductionStyle
    /// The sender's counter of introductions and punctures; receivers ignore it.
    public var globalTime: UInt64
    /// The sender's address in its own network.
    public var sourceLAN: Address
    /// The destination of the puncture, whatever the reference calls the field.
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
