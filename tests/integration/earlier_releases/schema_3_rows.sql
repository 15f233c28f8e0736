INSERT INTO images (id, original_id, original_name, format, width, height, byte_size, created_at, sha256) VALUES
('0199f3a2-3b7e-7c90-a1d4-2f6b8c1e9a02', NULL, 'holiday', 'jpeg', 4032, 3024, 3296423, '2026-03-01T12:30:00Z', '\x68'),
('0199f3a2-4d10-7f61-b2e8-3d94a5c7e804', '0199f3a2-3b7e-7c90-a1d4-2f6b8c1e9a02', 'holiday', 'webp', 1000, 750, 60514,
 '2026-03-01T12:30:15Z', NULL);

INSERT INTO jobs (id, original_id, state, tasks, attempt, starts, code, reason, due_at, created_at, ended_at) VALUES
('0199f3a2-4d10-7b3c-8f21-000000000001', '0199f3a2-3b7e-7c90-a1d4-2f6b8c1e9a02', 'pending',
 '[{"id": "0199f3a2-4d10-7e55-9c3a-81b2f7d06c03", "variantId": "0199f3a2-4d10-7f61-b2e8-3d94a5c7e805",
    "options": {"format": "avif", "maxDimension": 1000, "quality": 80, "keepMetadata": false}}]',
 2, 0, NULL, NULL, '2026-03-01T12:31:00Z', '2026-03-01T12:30:10Z', NULL),
('0199f3a2-4d10-7b3c-8f21-000000000002', '0199f3a2-3b7e-7c90-a1d4-2f6b8c1e9a02', 'completed',
 '[{"id": "0199f3a2-4d10-7e55-9c3a-81b2f7d06c04", "variantId": "0199f3a2-4d10-7f61-b2e8-3d94a5c7e804",
    "options": {"format": "webp", "maxDimension": 1000, "quality": 80, "keepMetadata": false},
    "reusable": {"engine": "3f9c1a7e5b2d4806",
                 "variant": {"taskId": "0199f3a1-9c02-7a10-b3d2-1f4c8e6a7b04", "id": "0199f3a1-9c02-7d44-8a15-6e0b7f3c2a05",
                             "format": "webp", "width": 1000, "height": 750, "byteSize": 60514}}}]',
 1, 1, NULL, NULL, NULL, '2026-03-01T12:30:10Z', '2026-03-01T12:30:15Z'),
('0199f3a2-4d10-7b3c-8f21-000000000003', '0199f3a2-3b7e-7c90-a1d4-2f6b8c1e9a02', 'failed',
 '[{"id": "0199f3a2-4d10-7e55-9c3a-81b2f7d06c05", "variantId": "0199f3a2-4d10-7f61-b2e8-3d94a5c7e806",
    "options": {"format": "png", "maxDimension": 0, "quality": 1, "keepMetadata": true}}]',
 3, 1, 'time_limit', 'The image took longer than 60 seconds.', NULL, '2026-03-01T12:30:10Z', '2026-03-01T12:34:15Z');

-- POST /api/v1/job {"originalID": "0199f3a2-3b7e-7c90-a1d4-2f6b8c1e9a02", "options": [{"quality": 70}]}, asked by anybody
INSERT INTO idempotency_keys (operation, key, fingerprint, ids) VALUES
('createJob', 'anybody:order-4711', '\x27edeff26bd777acedf6dfe1d50d53f9bcd0b16038de01bc9e943819d8fcc981', '{0199f3a2-4d10-7b3c-8f21-000000000001}');
