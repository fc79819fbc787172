-- +goose Up
-- Packed values hold the bytes of hex and Base64 from now on: a program that cannot read them must not open the data.
-- What is stored already stays as it is.
SELECT 1;
