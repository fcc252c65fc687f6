/**
 * Owns the step between the wire's RTP types and mediasoup-client's, which describe the same objects and differ in small print.
 * Does not own their meaning.
 */
import { RtpCapabilities, RtpParameters } from '@parley/protocol';
import type { types } from 'mediasoup-client';

/** @throws ZodError if a browser comes up with something that the protocol has no room for. */
export const toWireCapabilities = (capabilities: types.RtpCapabilities): RtpCapabilities =>
  RtpCapabilities.parse(capabilities);

/** @throws ZodError if a browser comes up with something that the protocol has no room for. */
export const toWireParameters = (parameters: types.RtpParameters): RtpParameters =>
  RtpParameters.parse(parameters);

// Parsed already. mediasoup-client's own list of header extensions lacks a few that routers offer; it skips those.
export const toDeviceCapabilities = (capabilities: RtpCapabilities): types.RtpCapabilities =>
  capabilities as types.RtpCapabilities;

/** See {@link toDeviceCapabilities}. */
export const toDeviceParameters = (parameters: RtpParameters): types.RtpParameters =>
  parameters as types.RtpParameters;
