package platform

// CheckParts refuses an impossible head of a family that brings its own table of fields and its own answers:
// Fields holds the whole table, Reduction, Repeat and Reply are the family's affair. A head without lot.field and
// lot.separators is one whose lots are found otherwise.
func (h *Head) CheckParts(f *ProfileFile, family string, own bool) error {
	if h.Family != family {
		return f.Errorf("family", "must be %q here", family)
	}
	if err := h.checkAbout(f, own); err != nil {
		return err
	}
	lot := *h
	if h.Lot.Field == "" && len(h.Lot.Separators) == 0 {
		lot.Lot.Field, lot.Lot.Separators = "-", separators[:1]
	}
	if err := lot.checkLot(f, own); err != nil {
		return err
	}
	h.Lot.FormID = lot.Lot.FormID
	for _, check := range []func(*ProfileFile) error{h.checkPaths, h.checkGrants, h.checkFields} {
		if err := check(f); err != nil {
			return err
		}
	}
	return nil
}
