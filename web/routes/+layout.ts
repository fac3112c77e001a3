// Pages live on the device: nothing is rendered on a server.
export const ssr = false;
