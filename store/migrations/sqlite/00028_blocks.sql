-- +goose Up
-- Packed values are blocks of S2 from now on, and digests are kept as bytes: a program that cannot read them must not
-- open the data. What is stored already stays as it is.
SELECT 1;
