# SPDX-License-Identifier: GPL-2.0-or-later
"""What the system tests are written with: networks, OpenVPN processes, the spool."""
