extension Unicode.Scalar {
    /// Whether showing the character does no more than show it: no control character, none that changes the direction
    /// of writing, no end of line.
    package var isSafeToShow: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
