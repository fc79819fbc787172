package charge

import (
	"errors"
	"strings"
	"testing"
)

func TestParsePlate(t *testing.T) {
	for text, want := range map[string]Plate{
		"京AD06088": "京AD06088", " 京ad 06088 ": "京AD06088", "Ａ１２３４５": "A12345", "京Ａ・Ｄ０６０８８": "京AD06088",
		"京A●12345": "京A12345", "京A∙12345": "京A12345", "京A—12345": "京A12345", "京A−12345": "京A12345",
		"京A12345\u200b": "京A12345", "\u202a京A12345\u202c": "京A12345", "京A12345\x00": "京A12345", "\ufeff京A12345": "京A12345",
		"蓝京A12345": "京A12345", "黄绿京AD06088": "京AD06088", "京A12345黄": "京A12345", "京A12345(绿)": "京A12345",
		"蓝牌京A12345":            "京A12345",
		"粤ZJ068澳|MX7742|ZM127": "粤ZJ068澳", "MX7742|粤ZJ068澳": "粤ZJ068澳", "MX7742｜ZM127": "MX7742", "无|京A12345": "京A12345",
		"无牌1234": "无牌1234", "62000F9": "62000F9", "EA47829": "EA47829", "无EA47829": "无EA47829", "临EA47829": "临EA47829",
		"使014578": "使014578", "WJ01警1234": "WJ01警1234", "京A1234警": "京A1234警", "粤Z1234港": "粤Z1234港", "民航12345": "民航12345",
	} {
		if got, err := ParsePlate(text); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", text, got.Full(), err, want.Full())
		}
	}
}

// All plates of a car that has several are read; what cannot be one of several is no other name.
func TestParseCar(t *testing.T) {
	for text, want := range map[string]struct {
		plate Plate
		names Names
	}{
		"粤ZJ068澳|MX7742|ZM127":   {"粤ZJ068澳", "MX7742|ZM127"},
		"MX7742｜粤Z・J068澳｜zm 127": {"粤ZJ068澳", "MX7742|ZM127"},
		"MX7742|ZM127":           {"MX7742", "ZM127"},
		"粤ZJ068澳|粤ZJ068澳|无":      {"粤ZJ068澳", ""},
		"京A12345|京B12345":        {"京A12345", ""},
		"京A12345":                {"京A12345", ""},
	} {
		plate, names, err := ParseCar(text)
		if err != nil || plate != want.plate || names != want.names {
			t.Errorf("%q: %q, %q, %v; want %q, %q", text, plate.Full(), names, err, want.plate.Full(), want.names)
		}
	}
	names := Names("MX7742|ZM127")
	if !names.Has("ZM127") || names.Has("M127") || names.Has("") || Names("").Has("") || len(names.With("粤ZJ068澳")) != 3 {
		t.Errorf("%q is %v", names, names.Plates())
	}
}

func TestParsePlateRefuses(t *testing.T) {
	for text, want := range map[string]error{
		"": ErrPlate, "京A1": ErrPlate, "京A12345#": ErrPlate, "京A12345/京A1234挂": ErrPlate,
		strings.Repeat("A", 17): ErrPlate, strings.Repeat("京A12345|", 50): ErrPlate, strings.Repeat("A", 10<<10): ErrPlate,
		"|||":     ErrPlate,
		"京А12345": ErrLookalike, "京Α12345": ErrLookalike, // Cyrillic, Greek
		"无": ErrUnplated, "_无_": ErrUnplated, "无牌": ErrUnplated, "无牌车": ErrUnplated, "无车牌": ErrUnplated, "无牌车1": ErrUnplated,
		"-": ErrUnplated, "--": ErrUnplated, "***": ErrUnplated, "？？？": ErrUnplated, "N/A": ErrUnplated, "n/a ": ErrUnplated,
		"没有车牌": ErrUnplated, "车牌未识别": ErrUnplated, "识别失败": ErrUnplated, "Not recognized": ErrUnplated,
		"未识别": ErrUnplated, "00000": ErrUnplated, "null": ErrUnplated, "Unlicensed": ErrUnplated, "无|": ErrUnplated,
	} {
		if got, err := ParsePlate(text); !errors.Is(err, want) || got != "" {
			t.Errorf("%q: %q, %v; want %v", clip(text), got.Full(), err, want)
		}
		if _, err := ParsePlate(text); !errors.Is(err, ErrPlate) {
			t.Errorf("%q: %v is no ErrPlate", clip(text), err)
		}
	}
}

// A car without a plate is known by its order: it equals and is near to nothing else, and is no text that a plate
// can be written as.
func TestUnplated(t *testing.T) {
	a, b := UnplatedBy("L1"), UnplatedBy("L2")
	if a == b || a.Near(b) || !a.Unplated() || Plate("无牌1234").Unplated() {
		t.Error("two cars without a plate are taken for each other")
	}
	if got, err := ParsePlate(a.Full()); err == nil {
		t.Errorf("written out it is read as %q", got.Full())
	}
	if a.String() != "无牌车" || a.Wire() != "无牌车" || Plate("京A12345").Wire() != "京A12345" {
		t.Errorf("%s, %s", a, a.Wire())
	}
}
