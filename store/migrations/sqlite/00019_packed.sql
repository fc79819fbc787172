-- +goose Up
-- Requests, replies, messages and decisions are kept packed from now on: a program that cannot read them must not open
-- the data. What is stored already stays as it is.
SELECT 1;
